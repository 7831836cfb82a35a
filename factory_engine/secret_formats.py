"""The forms of credentials that can be told by their looks.

Owns the table of formats. Those that detect-secrets knows are taken from it; what it misses, or
matches in ordinary code, is written here. Each has a fixed beginning that occurs in little else,
so that nothing is compared, or even imported, before one of them is found.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from typing import NamedTuple

WINDOW = 8192  # characters after a beginning that are looked at
_PLACEHOLDER = 16


class Format(NamedTuple):
    """A kind of credential, in words, and what it looks like from its first character on."""

    kind: str
    pattern: re.Pattern[str]


_KEY = "[A-Za-z0-9_-]"

# Kind, beginning, rest.
_OWN = (
    (
        "an AWS secret key",
        r"(?:[aA][wW][sS]_?)?[sS](?i:ecret_?access_?key)",
        r"['\"]?\s*[:=]>?\s*['\"]?[\w/+]{40}\b",
    ),
    ("a GitHub token", r"github_pat_", r"\w{36,}"),
    ("an Anthropic key", r"sk-ant-", rf"{_KEY}{{20,}}"),
    ("an OpenAI key", r"sk-(?:proj|svcacct|admin)-", rf"{_KEY}{{20,}}"),
    ("an OpenAI key", r"sk-(?=[A-Za-z0-9]{32})", r"[A-Za-z0-9]{32,}"),
    ("a Google API key", r"AIza", rf"{_KEY}{{35}}"),
    ("a Google OAuth secret", r"GOCSPX-", rf"{_KEY}{{28}}"),
    ("a Google OAuth token", r"ya29\.", rf"{_KEY}{{20,}}"),
    ("an npm token", r"npm_", r"[A-Za-z0-9]{36}"),
    ("an npm token", r"_authToken=", r"\s*[A-Fa-f0-9-]{36}"),
    ("a PyPI token", r"pypi-AgE", rf"{_KEY}{{20,}}"),
    ("a Hugging Face token", r"hf_", r"[A-Za-z0-9]{30,}"),
    ("a DigitalOcean token", r"do[opr]_v1_", r"[a-f0-9]{64}"),
    ("a Docker Hub token", r"dckr_pat_", rf"{_KEY}{{27}}"),
    ("a Shopify token", r"shp(?:at|ss|ca|pa)_", r"[A-Fa-f0-9]{32}"),
    ("a Slack token", r"xapp-\d-", r"[A-Z0-9]+-\d+-[a-z0-9]+"),
    ("a Stripe webhook secret", r"whsec_", r"[A-Za-z0-9+/]{32,}"),
    ("a Vault token", r"hv[bsr]\.", rf"{_KEY}{{24,}}"),
    ("a Groq key", r"gsk_", r"[A-Za-z0-9]{40,}"),
    ("an xAI key", r"xai-", r"[A-Za-z0-9]{60,}"),
    ("a Linear key", r"lin_api_", r"[A-Za-z0-9]{40}"),
    ("an Atlassian token", r"ATATT3", r"[\w=-]{50,}"),
    ("an age key", r"AGE-SECRET-KEY-1", r"[0-9A-Z]{58}"),
    ("a Tailscale key", r"tskey-(?:auth|api|client)-", rf"{_KEY}{{20,}}"),
    ("a Twilio key", r"(?:AC|SK)(?=[0-9a-f]{32})", r"[0-9a-f]{32}\b"),
    ("a Mailchimp key", r"(?=[0-9a-f]{32}-us)", r"[0-9a-f]{32}-us\d{1,2}\b"),
    ("a JSON Web Token", r"eyJ", rf"{_KEY}{{10,}}\.eyJ{_KEY}{{10,}}\.{_KEY}{{10,}}"),
)

# Kind, beginning, the plugin of detect-secrets that knows the whole.
_PLUGINS = (
    ("an AWS access key", r"A(?:3T[A-Z0-9]|BIA|CCA|KIA|SIA)", "aws.AWSKeyDetector"),
    ("an AWS secret key", r"[aA][wW][sS](?=[^\n]{0,60}['\"])", "aws.AWSKeyDetector"),
    ("an Azure storage key", r"AccountKey=", "azure_storage_key.AzureStorageKeyDetector"),
    ("a GitHub token", r"gh[oprsu]_", "github_token.GitHubTokenDetector"),
    (
        "a GitLab token",
        r"(?:gl(?:agent|cbt|dt|ft|imt|oas|pat|ptt|rt|soat)-|GR1348941)",
        "gitlab_token.GitLabTokenDetector",
    ),
    ("an OpenAI key", r"sk-(?=[\w-]{0,80}T3BlbkFJ)", "openai.OpenAIDetector"),
    ("a SendGrid key", r"SG\.", "sendgrid.SendGridDetector"),
    ("a Slack token", r"xox[abeoprs]-", "slack.SlackDetector"),
    ("a Slack webhook", r"https://hooks\.slack\.com/", "slack.SlackDetector"),
    ("a Square secret", r"sq0csp-", "square_oauth.SquareOAuthDetector"),
    ("a Stripe key", r"[rs]k_live_", "stripe.StripeDetector"),
    (
        "a Telegram token",
        r"\d{8,10}:(?=[\w-]{35}(?![\w-]))",
        "telegram_token.TelegramBotTokenDetector",
    ),
)

BEGINNING = re.compile(
    b"(?<![A-Za-z0-9])(?:"
    + b"|".join(entry[1].encode("ascii") for entry in (*_OWN, *_PLUGINS))
    + b")"
)
"""Where a credential may begin: at the beginning of a word."""

PRIVATE_KEY_WORDS = (b"PRIVATE KEY", b"PuTTY-User-Key-File-")
PRIVATE_KEY = re.compile(rb"BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY|PuTTY-User-Key-File-\d")


def kind_at(text: str) -> tuple[str, bool] | None:
    """The kind of the credential at the start of `text`, and whether it is a mere placeholder.

    Only a word that ends in nothing but `x` is taken for a placeholder. Anything cleverer, such as
    sparing whatever says EXAMPLE, would be a way to get a credential past this rule.
    """
    for kind, pattern in _formats():
        if match := pattern.match(text):
            tail = match[0].rstrip("'\"")[-_PLACEHOLDER:]
            return kind, set(tail.lower()) == {"x"}
    return None


@cache
def _formats() -> tuple[Format, ...]:
    formats = [Format(kind, re.compile(start + rest)) for kind, start, rest in _OWN]
    for kind, start, place in _PLUGINS:
        module, _, name = place.rpartition(".")
        plugin = getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)
        formats += [
            Format(kind, re.compile(f"(?={start})(?:{known.pattern})", known.flags))
            for known in plugin.denylist
        ]
    return tuple(formats)
