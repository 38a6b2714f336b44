-- The state register of invalid documents (State Programme, item II, paragraph 4).
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.invalid_documents from invalid_documents.csv with (format csv, header)

create schema register;

create table register.invalid_documents (
  issuing_state text not null,
  type text not null,
  number text not null,
  reason text not null,
  reported_on date not null
);
create index on register.invalid_documents (issuing_state, number);

create schema mohur;

create view mohur.invalid_documents as
  select issuing_state, type, number, reported_on from register.invalid_documents;
