-- Seals on cargo, and the route under them (State Programme, item 2.3.3).
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.cargo_seals from cargo_seals.csv with (format csv, header)

create schema register;

create table register.cargo_seals (
  seal_no text primary key check (seal_no ~ '^[A-Za-z0-9._-]{1,64}$'),
  driver_document_no text not null,
  driver_fin text check (driver_fin ~ '^[A-HJ-NP-Z0-9]{7}$'),
  plate text not null,
  route_from text not null,
  route_to text not null,
  sealed_at timestamptz not null,
  -- intact, broken, removed
  status text not null
);

create schema mohur;

create view mohur.cargo_seals as
  select seal_no, driver_document_no, driver_fin, plate, route_from, route_to, sealed_at, status from register.cargo_seals;
