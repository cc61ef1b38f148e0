#!/bin/sh
# Runs once, when the database is made: the owner's role for migrations, and the application's, which may neither
# truncate nor own anything.
set -eu
psql -v ON_ERROR_STOP=1 --username postgres \
    -v owner_password="$OWNER_PASSWORD" -v app_password="$APP_PASSWORD" <<'SQL'
CREATE ROLE portico_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE portico_app LOGIN PASSWORD :'app_password';
CREATE DATABASE portico OWNER portico_owner ENCODING 'UTF8' TEMPLATE template0 LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8';
\connect portico
GRANT USAGE ON SCHEMA public TO portico_app;
ALTER DEFAULT PRIVILEGES FOR ROLE portico_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO portico_app;
ALTER DEFAULT PRIVILEGES FOR ROLE portico_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO portico_app;
SQL
