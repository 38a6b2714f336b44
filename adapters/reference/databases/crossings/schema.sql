-- Crossings of the border by persons and vehicles (State Programme, item II-b7).
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.crossings from crossings.csv with (format csv, header)

create schema register;

create table register.crossings (
  crossing_id text primary key,
  document_state text not null,
  document_no text not null,
  fin text check (fin ~ '^[A-HJ-NP-Z0-9]{7}$'),
  plate text,
  direction text not null check (direction in ('entry', 'exit')),
  checkpoint text not null,
  crossed_at timestamptz not null
);
create index on register.crossings (fin, crossed_at);
create index on register.crossings (document_state, document_no, crossed_at);
create index on register.crossings (plate, crossed_at);

create schema mohur;

create view mohur.crossings as
  select document_state, document_no, fin, plate, direction, checkpoint, crossed_at from register.crossings;
