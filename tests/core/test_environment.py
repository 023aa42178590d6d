"""What child processes get of the environment: what is known to be needed, and no secret."""

from __future__ import annotations

import pytest

from qwq_nb.core.environment import EXTRA_VARIABLES, hub_secrets, selected_environment

NEEDED = {
    "PATH": "/usr/bin",
    "HOME": "/home/ada",
    "LOGNAME": "ada@example.org",
    "LANG": "de_DE.UTF-8",
    "LC_ALL": "C",
    "TZ": "Asia/Shanghai",
    "TMPDIR": "/tmp",
    "PYTHONPATH": "/a:/b",
    "PYTHONWARNINGS": "error",
    "VIRTUAL_ENV": "/venv",
    "CONDA_PREFIX": "/conda",
    "XDG_CACHE_HOME": "/cache",
    "LD_LIBRARY_PATH": "/lib",
    "DYLD_LIBRARY_PATH": "/lib",
    "SSL_CERT_FILE": "/certs.pem",
    "REQUESTS_CA_BUNDLE": "/certs.pem",
    "https_proxy": "http://proxy:3128",
    "NO_PROXY": "localhost,127.0.0.1",
    "HF_HOME": "/hf",
    "HF_ENDPOINT": "https://mirror.example",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "MODELSCOPE_CACHE": "/ms",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "4",
    "CUDA_VISIBLE_DEVICES": "",
    "NLTK_DATA": "/nltk",
    "QWQ_NB_CACHE": "/q",
    "SystemRoot": r"C:\Windows",
}

SECRETS = [
    *("X_PAT", "X_PASS", "X_PASSWD", "X_PWD", "X_CREDS", "X_DSN", "X_AUTH", "X_API_KEYS", "X_APIKEY2", "X_TOKEN_V2"),
    *("X_SECRET_VALUE", "X_PRIVATE_KEY_PEM", "X_BEARER", "DATABASE_URL", "AWS_ACCESS_KEY_ID", "OPENAI_API_KEY"),
    *("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "hf_token", "HF_PAT", "HF_OIDC_ID_TOKEN"),
    *("MODELSCOPE_API_TOKEN", "MODELSCOPE_SDK_TOKEN", "MODELSCOPE_CREDENTIALS_PATH", "EVALSCOPE_API_KEY"),
    *("CONDA_TOKEN", "PYTHON_KEYRING_BACKEND", "QWQ_NB_SECRET", "PYTEST_PASSWORD", "NVIDIA_API_KEY", "GITHUB"),
]


def test_what_is_needed_stays() -> None:
    assert selected_environment(NEEDED) == NEEDED


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_and_all_that_is_not_known_are_left_out(name: str) -> None:
    assert selected_environment({**NEEDED, name: "canary"}) == NEEDED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "http://ada:hunter2@proxy:3128"),
        ("http_proxy", "ada:hunter2@proxy:3128"),
        ("all_proxy", "socks5://token@proxy"),
        ("HF_ENDPOINT", "https://ada:hunter2@mirror.example"),
    ],
)
def test_addresses_with_a_password_are_left_out_but_for_loading(name: str, value: str) -> None:
    assert name not in selected_environment({name: value})
    assert hub_secrets({name: value}, "huggingface") == {name: value}


def test_keys_of_endpoints_are_left_out_whatever_their_name() -> None:
    given = {"HF_HOME": "key", EXTRA_VARIABLES: "HF_HOME"}
    assert "HF_HOME" not in selected_environment(given, hidden=["HF_HOME"])
    assert hub_secrets({"HF_TOKEN": "key"}, "huggingface", hidden=["HF_TOKEN"]) == {}


def test_the_user_may_name_further_variables() -> None:
    given = {"MY_DATA": "/data", "MY_TOKEN": "t", "OTHER": "x", EXTRA_VARIABLES: "MY_DATA, MY_TOKEN"}
    assert set(selected_environment(given)) == {"MY_DATA", "MY_TOKEN", EXTRA_VARIABLES}
    assert selected_environment({"DEMO_KEY": "k"}, kept=["DEMO_KEY"]) == {"DEMO_KEY": "k"}


def test_a_hub_gets_its_own_secrets_alone() -> None:
    given = {name: "canary" for name in SECRETS} | NEEDED
    assert set(hub_secrets(given, "huggingface")) == {
        *("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_OIDC_ID_TOKEN")
    }
    assert set(hub_secrets(given, "modelscope")) == {
        *("MODELSCOPE_API_TOKEN", "MODELSCOPE_SDK_TOKEN", "MODELSCOPE_CREDENTIALS_PATH")
    }
    assert hub_secrets({"HF_ENDPOINT": "https://ada:hunter2@mirror"}, "modelscope") == {}
    assert hub_secrets({"HF_TOKEN": ""}, "huggingface") == {}
