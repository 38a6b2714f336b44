-- Visas (State Programme, items II-b3, III-b2).
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.visas from visas.csv with (format csv, header)

create schema register;

create table register.visas (
  visa_no text primary key,
  passport_state text not null,
  passport_no text not null,
  family_name text not null,
  given_name text not null,
  birth_date date not null,
  category text not null,
  entries integer not null,
  valid_from date not null,
  valid_until date not null check (valid_until >= valid_from),
  -- valid, expired, used, annulled
  status text not null
);
create index on register.visas (passport_state, passport_no);

create schema mohur;

create view mohur.visas as
  select visa_no, passport_state, passport_no, category, entries, valid_from, valid_until, status from register.visas;
