-- Foreigners with a permit, and stateless persons (State Programme, items III-1, III-b1, IV-b10).
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.migration from migration.csv with (format csv, header)

create schema register;

create table register.migration (
  pin text primary key check (pin ~ '^[A-Z0-9]{5,6}$'),
  family_name text not null,
  given_name text not null,
  birth_date date not null,
  sex text not null,
  nationality text not null,
  passport_no text,
  -- permanent, temporary, stateless
  status text not null,
  permit_no text not null,
  since date not null,
  until date
);
create index on register.migration (nationality, passport_no);

create schema mohur;

create view mohur.migration as
  select pin, nationality, passport_no, status, since, until from register.migration;
