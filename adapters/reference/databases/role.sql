
-- The adapter's role: it sees the views in `mohur` and nothing else. Give it a password with \password mohur_adapter, and
-- let it in with a line in pg_hba.conf.
do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'mohur_adapter') then
    create role mohur_adapter login;
  end if;
end
$$;
revoke create on schema public from public;
grant usage on schema mohur to mohur_adapter;
grant select on all tables in schema mohur to mohur_adapter;
