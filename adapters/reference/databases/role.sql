
-- The adapter's role: it sees the views in `mohur`, may execute the functions there, and nothing else. Give it a password with \password mohur_adapter, and
-- let it in with a line in pg_hba.conf.
do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'mohur_adapter') then
    create role mohur_adapter login;
    -- Whatever else this server logs: not whom somebody asked about.
    alter role mohur_adapter set log_parameter_max_length = 0;
    alter role mohur_adapter set log_parameter_max_length_on_error = 0;
  end if;
end
$$;
revoke create on schema public from public;
grant usage on schema mohur to mohur_adapter;
grant select on all tables in schema mohur to mohur_adapter;
-- By itself PostgreSQL lets everybody execute a function.
revoke execute on all functions in schema mohur from public;
grant execute on all functions in schema mohur to mohur_adapter;
