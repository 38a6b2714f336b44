-- Clearances for protected objects (State Programme, items I-3, 2.3.2, IV-b8).
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.clearances from clearances.csv with (format csv, header)

create schema register;

create table register.clearances (
  badge text primary key check (badge ~ '^[A-Za-z0-9._-]{1,64}$'),
  fin text not null check (fin ~ '^[A-HJ-NP-Z0-9]{7}$'),
  object text not null,
  level text not null,
  valid_until date not null,
  status text not null
);

create schema mohur;

create view mohur.clearances as
  select badge, fin, object, level, valid_until, status from register.clearances;
