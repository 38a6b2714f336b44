-- Vehicles, driving licences, and powers of attorney over vehicles (State Programme, item 2.2.9).
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.vehicles from vehicles.csv with (format csv, header)
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.driving_licences from driving_licences.csv with (format csv, header)
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.powers_of_attorney from powers_of_attorney.csv with (format csv, header)

create schema register;

create table register.vehicles (
  plate text primary key,
  vin text not null unique,
  make text not null,
  model text not null,
  year integer not null,
  passport_no text not null,
  owner_fin text not null check (owner_fin ~ '^[A-HJ-NP-Z0-9]{7}$'),
  -- registered, stolen, deregistered
  status text not null
);

create table register.driving_licences (
  number text primary key,
  fin text not null check (fin ~ '^[A-HJ-NP-Z0-9]{7}$'),
  categories text not null,
  issued_on date not null,
  expires_on date not null,
  status text not null
);
create index on register.driving_licences (fin);

create table register.powers_of_attorney (
  number text primary key,
  plate text not null,
  principal_fin text not null,
  agent_fin text not null,
  valid_from date not null,
  valid_until date not null,
  status text not null
);

create schema mohur;

create view mohur.vehicles as
  select plate, vin, make, model, year, passport_no, owner_fin, status from register.vehicles;

create view mohur.driving_licences as
  select 'AZE' as issuing_state, 'DL' as type, number, fin, categories, expires_on, status from register.driving_licences;

create view mohur.powers_of_attorney as
  select 'AZE' as issuing_state, 'PA' as type, number, plate, principal_fin, agent_fin, valid_from, valid_until, status
  from register.powers_of_attorney;
