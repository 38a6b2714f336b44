-- Aggregates of the census and of the ministries' statistics, never persons (State Programme, item II, paragraphs 1 and 4). No
-- person stands in this database: the statistical office counts elsewhere and brings the counts here.

create schema register;

-- One count. `dataset` and `period` say of what (population, 2025), `breakdown` by what it is split (sex, age), `cell` which part.
-- The cells of one breakdown add up to the area, and the areas of one parent add up to it.
create table register.cells (
  dataset text not null check (dataset ~ '^[A-Za-z0-9-]+$'),
  period text not null check (period ~ '^[A-Za-z0-9-]+$'),
  area text not null check (area ~ '^[A-Za-z0-9-]+$'),
  parent text,
  breakdown text not null check (breakdown ~ '^[A-Za-z0-9-]+$'),
  cell text not null check (cell ~ '^[A-Za-z0-9-]+$'),
  count integer not null check (count >= 0),
  -- Whether it is not told. Nobody sets it but register.hide().
  hidden boolean not null default true,
  primary key (dataset, period, area, breakdown, cell)
);

-- The setting: cells that count fewer are not told. To change it: update register.setting set threshold = 20.
create table register.setting (
  only_row boolean primary key default true check (only_row),
  threshold integer not null default 10 check (threshold between 3 and 1000)
);
insert into register.setting default values;

-- Decides which cells are not told, and why that is enough (docs/registries.md, Statistics):
--  1. a cell that counts fewer than the threshold, but more than none;
--  2. of the others in its breakdown, the smallest, until at least two are hidden and together they count the threshold: otherwise
--     the area's total gives the hidden one away;
--  3. the same over the areas of one parent; and both again, until nothing follows any more.
create function register.hide() returns trigger language plpgsql as $$
declare
  least_told integer := (select threshold from register.setting);
  more integer;
  changed integer;
begin
  update register.cells set hidden = count > 0 and count < least_told;
  loop
    changed := 0;
    update register.cells as c set hidden = true
    from (
      select dataset, period, area, breakdown, cell, not hidden and bool_or(hidden) over everything
             and (row_number() over smallest <= 2
                  or coalesce(sum(count) over (smallest rows between unbounded preceding and 1 preceding), 0) < least_told) as follows
      from register.cells
      window everything as (partition by dataset, period, area, breakdown), smallest as (partition by dataset, period, area, breakdown order by hidden desc, count, cell)
    ) as one
    where one.follows and (c.dataset, c.period, c.area, c.breakdown, c.cell)
          = (one.dataset, one.period, one.area, one.breakdown, one.cell);
    get diagnostics more = row_count;
    changed := changed + more;
    update register.cells as c set hidden = true
    from (
      select dataset, period, area, breakdown, cell, not hidden and bool_or(hidden) over everything
             and (row_number() over smallest <= 2
                  or coalesce(sum(count) over (smallest rows between unbounded preceding and 1 preceding), 0) < least_told) as follows
      from register.cells where parent is not null
      window everything as (partition by dataset, period, parent, breakdown, cell), smallest as (partition by dataset, period, parent, breakdown, cell order by hidden desc, count, area)
    ) as one
    where one.follows and (c.dataset, c.period, c.area, c.breakdown, c.cell)
          = (one.dataset, one.period, one.area, one.breakdown, one.cell);
    get diagnostics more = row_count;
    changed := changed + more;
    exit when changed = 0;
  end loop;
  return null;
end
$$;
create trigger hide after insert or update or delete or truncate on register.cells
  for each statement when (pg_trigger_depth() = 0) execute function register.hide();
create trigger hide after update on register.setting
  for each statement when (pg_trigger_depth() = 0) execute function register.hide();

alter table register.cells add column code text not null
  generated always as (dataset || '.' || period || '.' || area || '.' || breakdown || '.' || cell) stored;
create unique index on register.cells (code);

create schema mohur;

create view mohur.cells as
  select code, hidden, case when not hidden then count end as count from register.cells;
