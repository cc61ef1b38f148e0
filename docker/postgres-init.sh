#!/bin/sh
# Run once by the postgres image, on an empty volume: the two roles of Portico and its database.
# The owner migrates. The application may read and write rows, never empty a table nor change its shape; what is
# append-only the migrations take from it as well.
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=owner_password="$OWNER_DB_PASSWORD" --set=app_password="$APP_DB_PASSWORD" <<'SQL'
CREATE ROLE portico_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE portico_app LOGIN PASSWORD :'app_password';
CREATE DATABASE portico OWNER portico_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\connect portico
GRANT USAGE ON SCHEMA public TO portico_app;
ALTER DEFAULT PRIVILEGES FOR ROLE portico_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO portico_app;
ALTER DEFAULT PRIVILEGES FOR ROLE portico_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO portico_app;
SQL
