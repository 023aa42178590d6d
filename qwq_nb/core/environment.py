"""Select the environment variables that child processes get: those known to be needed, and no secret among them.

The list is of what Python, numeric libraries, the hubs' clients and the system read. Anything else stays in the kernel,
since no rule tells from a name or a value that `X_PAT`, `DATABASE_URL` or `GITHUB` is a password.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

__all__ = ["EXTRA_VARIABLES", "hub_secrets", "is_secret", "selected_environment"]

EXTRA_VARIABLES = "QWQ_NB_WORKER_ENV"
"""Variable with the names of further variables that children get, split by commas: for registered benchmarks that read
the environment."""

_NAMES = frozenset(
    " ".join(
        (
            # The system: where programs, libraries, temporary files and the user's own files are.
            "PATH PWD HOME USER LOGNAME SHELL TERM TMPDIR TEMP TMP TZ TZDIR LANG LANGUAGE NO_COLOR FORCE_COLOR COLUMNS",
            # Windows.
            "SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT OS USERPROFILE USERNAME HOMEDRIVE HOMEPATH APPDATA",
            "LOCALAPPDATA PROGRAMDATA PROGRAMFILES PROGRAMFILES(X86) COMMONPROGRAMFILES ALLUSERSPROFILE",
            "NUMBER_OF_PROCESSORS",
            # Certificates and proxies of the network.
            "REQUESTS_CA_BUNDLE CURL_CA_BUNDLE HTTP_PROXY HTTPS_PROXY ALL_PROXY FTP_PROXY NO_PROXY",
            # Libraries.
            "DOWNLOADED_DATASETS_PATH MS_CACHE_HOME DO_NOT_TRACK DISABLE_TELEMETRY USE_TORCH USE_TF USE_JAX CI",
            "VIRTUAL_ENV NLTK_DATA MPLBACKEND MPLCONFIGDIR GLIBC_TUNABLES",
        )
    ).split()
)
"""Whole names, in upper case."""

_PREFIXES = (
    *("PYTHON", "CONDA_", "LC_", "XDG_", "LD_", "DYLD_", "NIX_", "SSL_CERT_", "OPENSSL_", "MALLOC_", "PROCESSOR_"),
    *("HF_", "HUGGINGFACE_", "HUGGING_FACE_", "MODELSCOPE_", "EVALSCOPE_", "TRANSFORMERS_", "TOKENIZERS_", "TQDM_"),
    *("OMP_", "MKL_", "KMP_", "GOTO_", "BLIS_", "VECLIB_", "OPENBLAS", "NUMEXPR", "NUMBA_", "ARROW_", "SYMPY_"),
    *("CUDA_", "NVIDIA_", "HIP_", "ROCR_", "TORCH_", "QWQ_NB_", "COVERAGE", "COV_CORE_", "PYTEST"),
)
"""Beginnings of names, in upper case."""

_SECRET_NAME = re.compile(
    r"KEY|TOKEN(?!IZER)|SECRET|PASS|PWD|CRED|AUTH|BEARER|COOKIE|SIGNATURE|PRIVATE|ACCESS|DSN|"
    r"(?<![A-Z])(PAT|SAS)(?![A-Z])"
)
_NO_SECRETS = frozenset({"PWD", "HF_HUB_DISABLE_IMPLICIT_TOKEN"})
"""Names that look like a secret's and hold none. Without the second, a token would be sent that the user keeps back."""

_URL_WITH_USER = re.compile(r"://[^/?#\s]*@")
"""A URL that holds a user's name, and so as a rule a password: of a proxy or a mirror."""

_HUB_SECRETS = {
    "huggingface": ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_OIDC_ID_TOKEN"),
    "modelscope": ("MODELSCOPE_API_TOKEN", "MODELSCOPE_SDK_TOKEN", "MODELSCOPE_CREDENTIALS_PATH"),
}
"""What each hub's clients read (huggingface_hub 1.33, modelscope 1.40, evalscope 1.14)."""
_HUB_PREFIXES = {"huggingface": ("HF_", "HUGGING"), "modelscope": ("MODELSCOPE_",)}


def is_secret(name: str, value: str) -> bool:
    """Return whether a variable may hold a secret: by a part of its name, or by a user's name in its URL."""
    upper = name.upper()
    return bool(upper not in _NO_SECRETS and _SECRET_NAME.search(upper)) or _has_user(upper, value)


def selected_environment(
    environment: Mapping[str, str], *, hidden: Collection[str] = (), kept: Collection[str] = ()
) -> dict[str, str]:
    """Return the variables that a child process gets: those known to be needed, without secrets.

    Args:
        environment: the variables to choose from.
        hidden: names left out even if the user names them in `QWQ_NB_WORKER_ENV`.
        kept: names that stay in any case.

    The user's own choice, the names in `QWQ_NB_WORKER_ENV`, goes before the rules on names and values.
    """
    extra = {name.strip() for name in environment.get(EXTRA_VARIABLES, "").split(",")}
    return {
        name: value
        for name, value in environment.items()
        if name in kept
        or (name not in hidden and (name in extra or (_is_needed(name.upper()) and not is_secret(name, value))))
    }


def hub_secrets(environment: Mapping[str, str], hub: str, *, hidden: Collection[str] = ()) -> dict[str, str]:
    """Return the secrets that loading from a hub (`huggingface`, `modelscope`) may need; none of those in `hidden`.

    These are the hub's tokens, and the addresses of proxies and of the hub's mirrors that hold a user's name.
    """
    own = _HUB_SECRETS.get(hub, ())
    return {
        name: value
        for name, value in environment.items()
        if value and name not in hidden and (name in own or _is_address_for(name.upper(), hub, value))
    }


def _is_needed(upper: str) -> bool:
    return upper in _NAMES or upper.startswith(_PREFIXES)


def _has_user(upper: str, value: str) -> bool:
    # A proxy may be given without a scheme.
    return bool(_URL_WITH_USER.search(value)) or (upper.endswith("_PROXY") and "@" in value)


def _is_address_for(upper: str, hub: str, value: str) -> bool:
    reads = _is_needed(upper) and (upper.endswith("_PROXY") or upper.startswith(_HUB_PREFIXES.get(hub, "\0")))
    return reads and _has_user(upper, value) and not _SECRET_NAME.search(upper)
