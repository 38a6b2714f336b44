-- Wanted and restricted persons, vehicles, and travel documents (State Programme, item II-b6). Kept by one authority, entered by
-- several; each entry says by whom.
-- The columns of `register` are those that `mohur registry seed` writes: \copy register.watch_list from watch_list.csv with (format csv, header)

create schema register;

create table register.watch_list (
  entry_id text primary key,
  -- person, vehicle, document
  kind text not null,
  fin text check (fin ~ '^[A-HJ-NP-Z0-9]{7}$'),
  family_name text,
  given_name text,
  birth_date date,
  document_state text,
  document_no text,
  plate text,
  vin text,
  action text not null,
  inserted_by text not null,
  since date not null,
  until date
);
create index on register.watch_list (fin);
create index on register.watch_list (birth_date);
create index on register.watch_list (document_state, document_no);
create index on register.watch_list (plate);
create index on register.watch_list (vin);

create schema mohur;

-- A name in the form in which names are compared: the national transliteration table, as everywhere in the exchange.
create function mohur.fold_name(name text) returns text language sql immutable parallel safe strict as $$
  select regexp_replace(regexp_replace(regexp_replace(
           trim(regexp_replace(regexp_replace(replace(
             translate(lower(translate(name, 'İIƏÖÜŞÇĞ', 'iiəöüşçğ')), 'əıöüşçğ', 'eiouscg'),
             'kh', 'x'), '[''’ʼ`.̀-ͯ]', '', 'g'), '[-‐–\s]+', ' ', 'g')),
           ' zade\M', 'zade', 'g'), ' (oglu|qizi)$', ''), '(\S{2,}[oe]v)a\M', '\1', 'g')
$$;

create view mohur.watch_list as
  select fin, mohur.fold_name(family_name || ' ' || given_name) as folded_name, birth_date, document_state, document_no, plate,
         vin, action, since, until,
         -- Of several entries the strictest counts.
         array_position(array['detain', 'seize', 'refuse', 'second-line', 'report'], action) as rank
  from register.watch_list;
