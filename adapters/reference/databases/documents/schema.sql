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

create schema kept;

-- What changed a document, by the key that it was done under: the same key never has a second effect.
create table kept.changes (
  key text primary key,
  made_at timestamptz not null default now(),
  issuing_state text not null,
  type text not null,
  number text not null,
  status text not null
);

-- The one change that is made from outside. Its caller may execute it and can write nothing by itself.
create function mohur.suspend(of_state text, of_type text, of_number text, new_status text, change_key text)
returns table (issuing_state text, type text, number text, state text)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
  held text;
begin
  select status into held from register.documents
    where issuing_state = of_state and type = of_type and number = of_number for update;
  if held is null then
    return;
  end if;
  if exists (select from kept.changes where key = change_key) then
    held := 'done';
  elsif held <> 'valid' then
    held := 'already-' || held;
  else
    update register.documents set status = new_status
      where issuing_state = of_state and type = of_type and number = of_number;
    insert into kept.changes (key, issuing_state, type, number, status)
      values (change_key, of_state, of_type, of_number, new_status);
    held := 'done';
  end if;
  return query select of_state, of_type, of_number, held;
end
$$;
