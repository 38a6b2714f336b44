-- Registrations of residence, of citizens by FIN and of foreigners by PIN (State Programme, items II-b4, II-b8, 1.1.4, 2.4.5).
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.residence from residence.csv with (format csv, header)

create schema register;

create table register.residence (
  registration_id text primary key,
  fin text check (fin ~ '^[A-HJ-NP-Z0-9]{7}$'),
  pin text check (pin ~ '^[A-Z0-9]{5,6}$'),
  city text not null,
  street text not null,
  building text not null,
  flat text,
  -- permanent or temporary
  kind text not null,
  since date not null,
  until date
);
create index on register.residence (fin);
create index on register.residence (pin);

create schema mohur;

create view mohur.residence as
  select fin, pin, kind, since, until, concat_ws(', ', city, street, building, nullif(flat, '')) as address
  from register.residence;
