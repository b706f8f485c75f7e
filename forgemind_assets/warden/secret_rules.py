"""All token formats, in the order in which they are tried."""

from forgemind_assets.warden.secret_rule import SecretRule
from forgemind_assets.warden.secret_rules_cloud import CLOUD
from forgemind_assets.warden.secret_rules_keys import KEYS
from forgemind_assets.warden.secret_rules_services import SERVICES

RULES: tuple[SecretRule, ...] = (*CLOUD, *SERVICES, *KEYS)
