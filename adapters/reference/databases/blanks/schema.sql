-- Stock and movement of secure blanks (State Programme, items II-b5, IV-b14).
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.blanks from blanks.csv with (format csv, header)

create schema register;

create table register.blanks (
  serial text primary key check (serial ~ '^[A-Za-z0-9._-]{1,64}$'),
  kind text not null,
  -- stock, issued, spoiled, destroyed, lost
  status text not null,
  holder text not null,
  moved_on date not null
);

create schema mohur;

create view mohur.blanks as
  select serial, kind, status, holder, moved_on from register.blanks;
