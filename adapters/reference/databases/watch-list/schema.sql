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

-- Numbers from the state register of invalid documents, which its owner sends: a carrier learns of either list by one flag.
create table register.invalid_documents (
  issuing_state text not null,
  type text not null,
  number text not null,
  reason text not null,
  reported_on date not null
);
create index on register.invalid_documents (issuing_state, number);

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

create schema kept;

-- What a carrier asked about, when there is something against the document: for the police. The message is the carrier's own.
create table kept.boarding_notices (
  carrier text not null,
  message text not null,
  noted_at timestamptz not null,
  document_state text not null,
  document_type text not null,
  document_no text not null,
  -- What the watch list says; or invalid.
  action text not null,
  flight text,
  -- The message is the carrier's own, and unique for as long as the broker remembers it; not for ever.
  primary key (carrier, message, noted_at, document_state, document_type, document_no)
);
create index on kept.boarding_notices (noted_at);

create view mohur.boarding_notices as
  select noted_at, document_state, document_type, document_no, action, carrier, flight from kept.boarding_notices;

-- Whether a carrier is to contact the authority, and if so, a notice of it. Its caller may execute it and can write nothing by
-- itself; a message that is asked again while it is answered is noted once: it has one time.
create function mohur.board(of_state text, of_type text, of_number text, today date, at timestamptz, by_carrier text,
                            of_message text, of_flight text)
returns table (issuing_state text, type text, number text, contact boolean)
language plpgsql security definer set search_path = pg_catalog as $$
declare
  said text;
begin
  select action into said from mohur.watch_list
    where document_state = of_state and document_no = of_number and since <= today and (until is null or until >= today)
    order by rank nulls first, action limit 1;
  if said is null and exists (
    select from register.invalid_documents as listed
    where listed.issuing_state = of_state and left(listed.type, 1) = left(of_type, 1) and listed.number = of_number
      and listed.reported_on <= today
  ) then
    said := 'invalid';
  end if;
  if said is not null then
    insert into kept.boarding_notices values
      (by_carrier, of_message, at, of_state, of_type, of_number, said, of_flight)
    on conflict do nothing;
  end if;
  return query select of_state, of_type, of_number, said is not null;
end
$$;
