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

create schema kept;

-- What listed a document, by the key that it was done under: the same key never has a second effect.
create table kept.changes (
  key text primary key,
  made_at timestamptz not null default now(),
  issuing_state text not null,
  type text not null,
  number text not null
);

-- The one change that is made from outside. Its caller may execute it and can write nothing by itself.
create function mohur.publish(of_state text, of_type text, of_number text, of_reason text, today date, change_key text)
returns table (issuing_state text, type text, number text, state text)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
  outcome text := 'done';
begin
  -- One after another: there is no row yet that could be locked.
  perform pg_advisory_xact_lock(hashtextextended(of_state || ' ' || of_type || ' ' || of_number, 0));
  if exists (select from kept.changes where key = change_key) then
    outcome := 'done';
  elsif exists (select from register.invalid_documents
                where issuing_state = of_state and type = of_type and number = of_number) then
    outcome := 'already-listed';
  else
    insert into register.invalid_documents (issuing_state, type, number, reason, reported_on)
      values (of_state, of_type, of_number, of_reason, today);
    insert into kept.changes (key, issuing_state, type, number) values (change_key, of_state, of_type, of_number);
  end if;
  return query select of_state, of_type, of_number, outcome;
end
$$;
