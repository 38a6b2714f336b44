-- Military duty (State Programme, item II, paragraph 4).
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.military_duty from military_duty.csv with (format csv, header)

create schema register;

create table register.military_duty (
  fin text primary key check (fin ~ '^[A-HJ-NP-Z0-9]{7}$'),
  -- liable, serving, deferred, exempt, reserve
  status text not null,
  registered_on date not null
);

create schema mohur;

create view mohur.military_duty as
  select fin, status from register.military_duty;
