-- Documents of all kinds: passports, identity cards, cards of stateless persons, foreigners and immigrants, certificates of
-- return, seafarers', aviation personnel's and hauliers' documents. One database for each authority that issues any
-- (State Programme, items II-b1, II-b3, 1.1.3, 1.1.8, 2.2.1-2.2.8, 2.2.11, 2.2.12).

create schema register;

create table register.document (
  issuing_state text not null default 'AZE' check (issuing_state ~ '^[A-Z]{1,3}$'),
  type text not null check (type ~ '^[A-Z]{1,2}$'),
  number text not null check (number ~ '^[A-Z0-9]{1,20}$'),
  kind text not null check (kind in (
    'passport', 'diplomatic-passport', 'service-passport', 'identity-card', 'stateless-card', 'foreigner-card',
    'immigrant-card', 'return-certificate', 'seafarer', 'aviation-personnel', 'aviation-engineer', 'air-traffic-controller',
    'haulage-driver')),
  -- The holder: a citizen by FIN, a foreigner by PIN.
  holder_fin text check (holder_fin ~ '^[A-HJ-NP-Z0-9]{7}$'),
  holder_pin text check (holder_pin ~ '^[A-Z0-9]{5,6}$'),
  holder_name text not null,
  holder_birth_date date not null,
  issued date not null,
  expires date check (expires >= issued),
  status text not null default 'valid' check (status in ('valid', 'suspended', 'lost', 'stolen', 'revoked', 'replaced')),
  primary key (issuing_state, type, number),
  check ((holder_fin is null) <> (holder_pin is null))
);
create index on register.document (holder_fin);
create index on register.document (holder_pin);

create schema mohur;

create view mohur.document as
  select issuing_state, type, number, kind, holder_fin, holder_pin, holder_name, holder_birth_date, issued, expires, status
  from register.document;
