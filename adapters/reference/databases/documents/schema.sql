-- Documents of all kinds: passports, identity cards, cards of stateless persons, foreigners and immigrants, certificates of
-- return, seafarers', aviation personnel's and hauliers' papers. One database for each authority that issues any
-- (State Programme, items II-b1, II-b3, 1.1.3, 1.1.8, 2.2.1-2.2.8, 2.2.11, 2.2.12).
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.documents from documents.csv with (format csv, header)

create schema register;

create table register.documents (
  issuing_state text not null check (issuing_state ~ '^[A-Z]{1,3}$'),
  type text not null check (type ~ '^[A-Z]{1,2}$'),
  number text not null check (number ~ '^[A-Z0-9]{1,20}$'),
  kind text not null,
  -- The authority: MIA, MFA, SMS, MAR, CAA, MOT.
  issuer text not null,
  -- The holder: a citizen by FIN, a foreigner by PIN.
  fin text check (fin ~ '^[A-HJ-NP-Z0-9]{7}$'),
  pin text check (pin ~ '^[A-Z0-9]{5,6}$'),
  family_name text not null,
  given_name text not null,
  birth_date date not null,
  sex text not null,
  nationality text not null,
  issued_on date not null,
  expires_on date check (expires_on >= issued_on),
  -- valid, expired, suspended, lost, stolen, revoked, replaced
  status text not null,
  blank_serial text,
  mrz text,
  primary key (issuing_state, type, number)
);
create index on register.documents (fin);
create index on register.documents (pin);

create schema mohur;

create view mohur.every_document as
  select issuing_state, type, number, kind, coalesce(fin, pin) as holder, fin, pin,
         family_name || ' ' || given_name as holder_name, birth_date as holder_birth_date, issued_on, expires_on, status
  from register.documents;

-- Who may ask about the papers of foreigners and stateless persons, and about certificates of return, is another list.
create view mohur.documents as
  select * from mohur.every_document
  where kind not in ('stateless-card', 'foreigner-card', 'immigrant-card', 'return-certificate');
create view mohur.permits as
  select * from mohur.every_document
  where kind in ('stateless-card', 'foreigner-card', 'immigrant-card', 'return-certificate');
