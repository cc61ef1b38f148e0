"""Settings of the project. One module; every difference between machines is an environment variable (itsm/env.py)."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from itsm import env
from itsm.logs import LOGGING  # noqa: F401
from itsm.stack import endpoints

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.folder("VAR_DIR", BASE_DIR / "var")
DEMO = env.flag("PORTICO_DEMO")
DEBUG = env.flag("DEBUG")

# --- where state lives -------------------------------------------------------------------------------------------
# Without DATABASE_URL and REDIS_URL the embedded stack under VAR_DIR serves the very same PostgreSQL and Valkey.
_database_url = env.text("DATABASE_URL")
_owner_url = env.text("DATABASE_OWNER_URL", _database_url)
REDIS_URL = env.text("REDIS_URL")
SECRET_KEY = env.text("SECRET_KEY")
if env.flag("PRODUCTION") and not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set: production does not invent one.")
if not (_database_url and REDIS_URL and SECRET_KEY):
    _embedded = endpoints.load(VAR_DIR)
    if not _database_url:
        _database_url, _owner_url = _embedded.database_url, _embedded.owner_url
    REDIS_URL = REDIS_URL or _embedded.redis_url
    SECRET_KEY = SECRET_KEY or _embedded.secret_key
env.READ.update({"DATABASE_URL", "DATABASE_OWNER_URL"})
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")


def _database(url: str, **extra: Any) -> dict[str, Any]:
    return {
        **environ.Env.db_url_config(url),
        "ENGINE": "django_prometheus.db.backends.postgresql",
        "CONN_HEALTH_CHECKS": True,
        **extra,
    }


_statement_timeout = env.number("STATEMENT_TIMEOUT_MS", 15_000, least=100)
DATABASES = {
    # The application's role: no TRUNCATE anywhere, no UPDATE or DELETE on append-only tables.
    "default": _database(
        _database_url,
        CONN_MAX_AGE=env.number("CONN_MAX_AGE", 60),
        OPTIONS={"options": f"-c statement_timeout={_statement_timeout}", "connect_timeout": 3},
    ),
    # The owner's role: migrations only (`manage.py migrate --database owner`).
    "owner": _database(_owner_url, OPTIONS={"options": "-c lock_timeout=5000", "connect_timeout": 3}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


CACHES = {
    "default": {
        "BACKEND": "core.cache.ForgivingRedisCache",
        "LOCATION": endpoints.cache_url(REDIS_URL),
        "KEY_PREFIX": "portico",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 1},
    }
}

# --- apps --------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "itsm",
    "core",
    "journal",
    "accounts",
    "files",
    "catalog",
    "tickets",
    "slas",
    "work",
    "incidents",
    "mail",
    "reports",
    "desk",
    "portal",
    "api",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",  # allauth's page of sessions uses it
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "csp",
    "django_cotton.apps.SimpleAppConfig",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "template_partials.apps.SimpleAppConfig",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.middleware.PrivatePages",
    "core.middleware.NobodysProbes",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "itsm.urls"
WSGI_APPLICATION = "itsm.wsgi.application"

# Cotton and template-partials each want to wrap the loaders; the order below lets both work (STYLE.md, trap 9).
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "django.templatetags.tz",
                "template_partials.templatetags.partials",
                "django_cotton.templatetags.cotton",
                "core.templatetags.portico",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.person",
                "desk.context.shell",
                "portal.context.shell",
            ],
        },
    }
]
COTTON_DIR = "components"

# --- people ------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # people are invited by an administrator; there is no public sign-up
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "accounts.adapter.SocialAccountAdapter"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = None
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Portico"
SOCIALACCOUNT_PROVIDERS = env.json_object("SOCIALACCOUNT_PROVIDERS")  # OIDC and SAML apps by configuration
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXIES", 0, most=9)

# --- languages and time ------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["itsm.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- files -------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_MANIFEST = env.flag("STATIC_MANIFEST")  # collected, with hashed names; else found where they lie
_collected = env.folder("STATIC_ROOT", VAR_DIR / "static")
STATIC_ROOT = _collected if STATIC_MANIFEST else None
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR_DIR / "files"}},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_MANIFEST
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not STATIC_MANIFEST
WHITENOISE_AUTOREFRESH = False
FILE_MAX_BYTES = env.number("FILE_MAX_MB", 25, least=1) * 1024 * 1024
FILES_PER_ENTRY = 10
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

# --- browser security --------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SITE_URL = env.text("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
_https = SITE_URL.startswith("https://")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", (urlsplit(SITE_URL).hostname or "localhost", "127.0.0.1", "localhost"))
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SESSION_COOKIE_NAME = "__Host-session" if _https else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if _https else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = env.number("SESSION_HOURS", 12, least=1) * 3600
SESSION_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = SESSION_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
X_FRAME_OPTIONS = "DENY"

# --- mail --------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "Portico <desk@portico.example>")
MAIL_DOMAIN = env.text("MAIL_DOMAIN", DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> "))
EMAIL_HOST = env.text("SMTP_HOST")
EMAIL_PORT = env.number("SMTP_PORT", 25, least=1, most=65535)
EMAIL_HOST_USER = env.text("SMTP_USER")
EMAIL_HOST_PASSWORD = env.text("SMTP_PASSWORD")
EMAIL_USE_TLS = env.flag("SMTP_STARTTLS")
EMAIL_USE_SSL = env.flag("SMTP_TLS")  # from the first byte, port 465
EMAIL_TIMEOUT = 15
EMAIL_FILE_PATH = VAR_DIR / "mail"
# Without an SMTP server mail becomes files under VAR_DIR/mail, which administrators read in the desk.
EMAIL_BACKEND = "mail.backends.SmtpBackend" if EMAIL_HOST else "mail.backends.ReadableFileBackend"

# --- workers -----------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
    "health_check_interval": 15,
    "visibility_timeout": 3600,
    # A web request must not hang on a dead broker: what is due is a row, the sweep finds it.
    "max_retries": 1,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- watching ----------------------------------------------------------------------------------------------------
METRICS_ALLOW = env.networks("METRICS_ALLOW", ("127.0.0.1", "::1"))  # who may read /metrics
# Where the processes of one web server add up their counters; prometheus_client itself reads the same variable.
PROMETHEUS_MULTIPROC_DIR = env.text("PROMETHEUS_MULTIPROC_DIR")

# --- webhooks ----------------------------------------------------------------------------------------------------
# Also http, other ports and addresses of the own network: only where everybody who may add a webhook is trusted with them.
WEBHOOKS_MAY_CALL_PRIVATE = env.flag("WEBHOOKS_MAY_CALL_PRIVATE")

# --- rules of the desk (defaults; BEHAVIOUR.md) ------------------------------------------------------------------
REOPEN_WINDOW_DAYS = env.number("REOPEN_WINDOW_DAYS", 14, most=365)
AUTO_CLOSE_DAYS = env.number("AUTO_CLOSE_DAYS", 10, most=365)  # 0 = never
OUTBOX_KEEP_DAYS = env.number("OUTBOX_KEEP_DAYS", 90, least=1)  # what was delivered longer ago is forgotten
ATTAINMENT_TARGET_PERCENT = env.number("ATTAINMENT_TARGET_PERCENT", 95, least=1, most=100)

# --- API ---------------------------------------------------------------------------------------------------------
API_CALLS_PER_MINUTE = env.number("API_CALLS_PER_MINUTE", 600)  # of one token; 0 = no limit
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.auth.TokenAuthentication", "api.auth.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "api.auth.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["api.throttling.PerCaller"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "api.problems.handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Portico API",
    "DESCRIPTION": "Everything the pages do, by the same services and the same policies.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "ClockState": "slas.models.Clock.State",
        "IncidentState": "incidents.states.State",
        "LinkType": "tickets.models.Link.Type",
        "OrganisationKind": "accounts.models.Organisation.Kind",
        "ResolutionCode": "incidents.models.ResolutionCode",
        "ServiceState": "catalog.models.Service.State",
        "TicketKind": "tickets.models.Kind",
        "WaitingReason": "tickets.models.WaitingReason",
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "api.schema.complete"],
}
