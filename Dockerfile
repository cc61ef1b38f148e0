# One image for web, worker, beat and migrations. No compiler, no root, no secret in any layer.

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
# Without tests, tools and the embedded servers: `make lock` writes this file beside requirements.lock.
COPY requirements-run.lock ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes --no-deps --only-binary :all: -r requirements-run.lock
COPY . ./
# The names of static files carry the hash of their content; a secret is needed to start, and thrown away here.
RUN SECRET_KEY=only-for-this-step VAR_DIR=/tmp/build STATIC_ROOT=/app/staticfiles STATIC_MANIFEST=1 \
    /opt/venv/bin/python manage.py collectstatic --no-input

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/portico portico
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PRODUCTION=1 STATIC_MANIFEST=1 STATIC_ROOT=/app/staticfiles VAR_DIR=/var/lib/portico
WORKDIR /app
USER portico
EXPOSE 8000
CMD ["gunicorn", "itsm.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--no-control-socket"]
