-- The roles of Keyway's database. One migrates: it owns the schema and all in it. One serves: it reads and writes rows, and can
-- create, change or drop nothing. To be run by psql once, as a superuser, in the database of Keyway:
--
--   KEYWAY_OWNER_PASSWORD=… KEYWAY_SERVICE_PASSWORD=… psql --file roles.sql "$SUPERUSER_URL"
--
-- Other names: --set owner=… --set service=… --set schema=…. Roles and schemas that exist stay, so that it may be run again:
-- to change a password, or where one role has done both so far (its name and its schema are then `owner` and `schema`).
\set ON_ERROR_STOP on
\if :{?owner}
\else
  \set owner keyway_owner
\endif
\if :{?service}
\else
  \set service keyway_service
\endif
\if :{?schema}
\else
  \set schema keyway
\endif
\getenv owner_password KEYWAY_OWNER_PASSWORD
\getenv service_password KEYWAY_SERVICE_PASSWORD

begin;

select format('create role %I login', name)
from (values (:'owner'), (:'service')) as wanted (name)
where name not in (select rolname from pg_roles)
\gexec
alter role :"owner" password :'owner_password';
alter role :"service" password :'service_password';

select format('create schema %I authorization %I', :'schema', :'owner')
where :'schema' not in (select nspname from pg_namespace)
\gexec

-- Nobody else, and temporary tables only for the owner.
select format('revoke all on database %I from public', current_database())
\gexec
select format('grant connect, temporary on database %I to %I', current_database(), :'owner')
\gexec
select format('grant connect on database %I to %I', current_database(), :'service')
\gexec
revoke all on schema :"schema" from public;
grant usage on schema :"schema" to :"service";

-- What is there, and what later migrations make.
grant select, insert, update, delete on all tables in schema :"schema" to :"service";
grant usage on all sequences in schema :"schema" to :"service";
alter default privileges for role :"owner" in schema :"schema"
  grant select, insert, update, delete on tables to :"service";
alter default privileges for role :"owner" in schema :"schema" grant usage on sequences to :"service";

-- Keyway uses the first schema of the path.
select format('alter role %I in database %I set search_path = %I', name, current_database(), :'schema')
from (values (:'owner'), (:'service')) as wanted (name)
\gexec

commit;
