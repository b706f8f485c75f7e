"""Token formats of providers, as their public documentation describes them.

`literal` is what a text must hold (in lower case) before the pattern is tried.
"""

# ruff: noqa: E501 - a pattern is easier to check in one piece

import re
from dataclasses import dataclass

# A token may stand behind `\n` that is spelled out, as in a string literal.
START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
END = r"(?![A-Za-z0-9])"


@dataclass(frozen=True)
class SecretRule:
    """One format.

    Attributes:
        kind: the verdict's reason.
        literals: any of these, in lower case, must be in the text.
        pattern: group 1 is the secret where the pattern has one.
        score: how sure the format is.
        random: whether the secret must look random besides.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]
    score: float = 0.95
    random: bool = False
    in_token: bool = False
    """The literals are part of the token itself."""
    shared: bool = False
    """Digests, public keys or identifiers have the same shape: the surroundings decide."""


def _token(
    kind: str,
    literal: str,
    body: str,
    *,
    score: float = 0.95,
    random: bool = False,
    shared: bool = False,
) -> SecretRule:
    pattern = re.compile(f"{START}({body}){END}")
    literals = tuple(literal.split(" "))
    return SecretRule(kind, literals, pattern, score, random, in_token=True, shared=shared)


def _near(kind: str, literal: str, names: str, body: str, *, score: float = 0.85) -> SecretRule:
    """A token without a mark of its own, told by a provider's name before it on the same line."""
    pattern = re.compile(rf"(?i:{names})[^\n]{{0,60}}?[^A-Za-z0-9\n]({body})(?![A-Za-z0-9+/_-])")
    literals = tuple(literal.split(" "))
    return SecretRule(kind, literals, pattern, score, random=True, shared=True)


U = "[A-Za-z0-9_-]"
W = "[A-Za-z0-9]"
H = "[0-9a-f]"

RULES: tuple[SecretRule, ...] = (
    # cloud
    _token(
        "aws_access_key_id",
        "akia asia abia acca a3t",
        r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
    ),
    _token("aws_bedrock_key", "absk", r"ABSK[A-Za-z0-9+/]{109,269}={0,2}"),
    _near(
        "aws_secret_access_key",
        "aws akia asia",
        r"aws|secret|AKIA|ASIA",
        r"(?=[^A-Z\n]{0,39}[A-Z])(?=[^a-z\n]{0,39}[a-z])[A-Za-z0-9+/]{40}",
    ),
    _token("google_api_key", "aiza", rf"AIza{U}{{35}}"),
    _token("google_oauth_secret", "gocspx-", rf"GOCSPX-{U}{{28}}"),
    _token("google_oauth_token", "ya29.", r"ya29\.[A-Za-z0-9_.-]{20,}"),
    _token("google_refresh_token", "1//0", rf"1//0[0-9A-Za-z]{U}{{40,}}"),
    _token("azure_client_secret", "q~", r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}"),
    SecretRule(
        "azure_storage_key",
        ("accountkey", "sharedaccesskey", "azure", "=="),
        re.compile(rf"{START}([A-Za-z0-9+/]{{86}}==)"),
        0.9,
        random=True,
        shared=True,
    ),
    SecretRule(
        "azure_shared_access_key",
        ("sharedaccesskey=", "accesskey="),
        re.compile(r"(?i)accesskey=([A-Za-z0-9+/]{40,88}={0,2})"),
        0.95,
    ),
    SecretRule(
        "azure_sas_signature",
        ("sig=",),
        re.compile(r"[?&;]sig=([A-Za-z0-9%+/]{40,70}(?:=|%3[dD])?)"),
        0.9,
    ),
    _token("alibaba_access_key", "ltai", rf"LTAI{W}{{16,24}}", random=True),
    _token("tencent_secret_id", "akid", rf"AKID{W}{{32}}"),
    _token(
        "yandex_api_key",
        "aqvn yca t1.",
        r"AQVN[A-Za-z0-9_-]{35,38}|YC[AM][A-Za-z0-9_-]{37,38}",
    ),
    _token("digitalocean_token", "dop_v1_ doo_v1_ dor_v1_", rf"do[opr]_v1_{H}{{64}}"),
    _token("heroku_key", "hrku-", r"HRKU-[A-Za-z0-9_-]{36,64}"),
    _token(
        "flyio_token", "fo1_ fm1 fm2_", rf"fo1_{U}{{43}}|fm[12][ar]?_[A-Za-z0-9+/]{{80,}}={{0,3}}"
    ),
    _token("cloudflare_origin_ca", "v1.0-", rf"v1\.0-{H}{{24}}-{H}{{146}}"),
    _token("scaleway_key", "scw", r"SCW[A-Z0-9]{17}"),
    _near("ibm_cloud_key", "apikey ibm", "apikey|ibm", r"[A-Za-z0-9_-]{44}"),
    _token("vercel_token", "vcp_ vci_ vca_ vcr_ vck_", rf"vc[piark]_{W}{{24,}}", random=True),
    _token("netlify_token", "nfp_ nfc_ nfo_ nfu_ nfb_", rf"nf[pcoub]_{W}{{36}}"),
    _token("supabase_key", "sbp_ sb_secret_", rf"sbp_(?:v0_)?{H}{{40}}|sb_secret_{U}{{22,}}"),
    _token("planetscale_token", "pscale_", r"pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_.=-]{32,64}"),
    _token("databricks_token", "dapi", rf"dapi{H}{{32}}(?:-\d)?"),
    _token("snowflake_token", "ver:1-hint:", r"ver:1-hint:\d+-ETMs[A-Za-z0-9+/=]{40,}"),
    _token("clickhouse_key", "4b1d", rf"4b1d{W}{{38}}", random=True, shared=True),
    _token("mongodb_service_account", "mdb_sa_", r"mdb_sa_sk_[A-Za-z0-9_-]{40}"),
    _token("oracle_ocid_key", "ocid1.credential", r"ocid1\.credential\.[a-z0-9.]{40,}"),
    # source code and packages
    _token("github_token", "ghp_ gho_ ghu_ ghs_ ghr_", rf"gh[pousr]_{W}{{36,251}}"),
    _token("github_fine_grained_token", "github_pat_", r"github_pat_[A-Za-z0-9_]{40,244}"),
    _token("github_app_token", "ghs_", r"ghs_[A-Za-z0-9]{36}"),
    _token(
        "gitlab_token",
        "glpat- gldt- glrt- glptt- glcbt- glft- glsoat- gloas- glagent- glimt- glffct- glrtr-",
        r"gl(?:pat|dt|rt|rtr|ptt|cbt|ft|soat|oas|agent|imt|ffct)-[A-Za-z0-9_.-]{20,300}",
    ),
    _token("gitlab_runner_registration", "gr1348941", rf"GR1348941{U}{{20}}"),
    _token("gitea_forgejo_token", "gto_ gta_", rf"gt[oa]_{W}{{40,56}}"),
    _token(
        "bitbucket_app_password",
        "atbb atctt3",
        rf"ATBB{W}{{32,36}}|ATCTT3{U}{{100,}}(?:={H}{{8}})?",
    ),
    _token("atlassian_token", "atatt3 atoa atst", r"AT(?:ATT|OA|ST)[A-Za-z0-9_\-=]{60,260}"),
    _token("npm_token", "npm_", rf"npm_{W}{{36}}"),
    _token("pypi_token", "pypi-ageic pypi-ageien", r"pypi-AgE[A-Za-z0-9_-]{40,}"),
    _token("rubygems_token", "rubygems_", rf"rubygems_{H}{{48}}"),
    _token("cargo_token", "cio", rf"cio{W}{{32}}", random=True, shared=True),
    _token("clojars_token", "clojars_", r"CLOJARS_[a-z0-9]{60}"),
    _token("nuget_key", "oy2", r"oy2[a-z0-9]{43}"),
    _token("docker_token", "dckr_pat_ dckr_oat_", rf"dckr_(?:pat|oat)_{U}{{27,36}}"),
    _token("artifactory_key", "akcp cmvmd", rf"AKCp{W}{{64,70}}|cmVmd{W}{{59}}"),
    _token(
        "sourcegraph_token", "sgp_ slk_", rf"sgp_(?:(?:{H}{{16}}|local)_)?{H}{{40}}|slk_{H}{{64}}"
    ),
    _token("sonar_token", "sqp_ squ_ sqa_", rf"sq[pua]_{H}{{40}}"),
    _token("snyk_token", "snyk_uat.", r"snyk_uat\.[A-Za-z0-9._-]{30,}"),
    _token("buildkite_token", "bkua_ bkaj_ bkct_", rf"bk(?:ua|aj|ct)_{W}{{40,}}"),
    _token("circleci_token", "ccipat_ cciprj_", rf"cci(?:pat|prj)_{W}{{22}}_{H}{{40}}"),
    _token("harness_token", "pat. sat.", rf"[ps]at\.{U}{{22}}\.{H}{{24}}\.{W}{{20}}"),
    # secret stores and identity
    _token("hashicorp_vault_token", "hvs. hvb. hvr.", rf"hv[sbr]\.{U}{{24,300}}"),
    SecretRule(
        "hashicorp_vault_token",
        ("vault",),
        re.compile(rf"(?i:vault)[^\n]{{0,40}}?\b(s\.{W}{{24}}){END}"),
    ),
    _token(
        "terraform_cloud_token", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}"
    ),
    _token(
        "doppler_token",
        "dp.",
        r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}",
    ),
    _token("pulumi_token", "pul-", rf"pul-{H}{{40}}"),
    _token("infisical_token", "st.", rf"st\.{H}{{24}}\.{H}{{32,64}}\.{H}{{32}}"),
    _token(
        "onepassword_key",
        "a3- ops_eyj",
        r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}|ops_eyJ[A-Za-z0-9+/_-]{100,}={0,3}",
    ),
    _token(
        "age_secret_key",
        "age-secret-key-1",
        r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
    ),
    _token("okta_token", "00", r"00[A-Za-z0-9_-]{40}", score=0.8, random=True, shared=True),
    _token(
        "jwt", "eyj", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,}", score=0.9
    ),
    _token("tailscale_key", "tskey-", r"tskey-[a-z]+-[A-Za-z0-9]{9,}(?:-[A-Za-z0-9]{20,})?"),
    _token("cloudsmith_or_kubernetes_token", "k8s-aws-v1.", r"k8s-aws-v1\.[A-Za-z0-9_-]{40,}"),
    SecretRule(
        "kubeadm_token",
        ("kubeadm", "--token"),
        re.compile(r"\b([a-z0-9]{6}\.[a-z0-9]{16})\b"),
        0.85,
        random=False,
    ),
    # models and data
    _token(
        "openai_key",
        "sk-",
        rf"sk-(?:proj|svcacct|admin|None)?-?{U}{{0,100}}T3BlbkFJ{U}{{20,100}}|sk-(?:proj|svcacct|admin)-{U}{{32,200}}|sk-{W}{{48}}",
    ),
    _token("anthropic_key", "sk-ant-", rf"sk-ant-(?:api|admin|oat|ort|sid)\d\d-{U}{{40,120}}"),
    _token("openrouter_key", "sk-or-", rf"sk-or-(?:v1-)?{H}{{64}}"),
    _token("deepseek_style_key", "sk-", rf"sk-{H}{{32}}", score=0.9),
    _token("huggingface_token", "hf_ api_org_", rf"hf_{W}{{30,40}}|api_org_{W}{{34}}"),
    _token("groq_key", "gsk_", rf"gsk_{W}{{48,56}}"),
    _token("xai_key", "xai-", rf"xai-{W}{{70,84}}"),
    _token("replicate_token", "r8_", rf"r8_{W}{{37}}"),
    _token("perplexity_key", "pplx-", rf"pplx-{W}{{40,56}}"),
    _token("fireworks_key", "fw_", rf"fw_{W}{{22,}}", random=True),
    _token("nvidia_key", "nvapi-", rf"nvapi-{U}{{60,70}}"),
    _token("tavily_key", "tvly-", rf"tvly-(?:dev-|prod-)?{W}{{20,40}}"),
    _token("pinecone_key", "pcsk_", rf"pcsk_{U}{{40,80}}"),
    _token("langchain_key", "lsv2_ ls__", rf"lsv2_(?:pt|sk)_{H}{{32}}_{H}{{10}}|ls__{H}{{32}}"),
    _token("elevenlabs_style_key", "sk_", rf"sk_{H}{{48}}"),
    _token("wandb_key", "wandb_v1_", rf"wandb_v1_{U}{{60,100}}"),
    # messages
    _token(
        "slack_token",
        "xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxe xoxc- xoxd-",
        r"xox[bparsoced](?:\.xox[bp])?-[A-Za-z0-9%/+-]{10,300}",
    ),
    _token("slack_app_token", "xapp-", r"xapp-\d-[A-Z0-9]+-\d+-[A-Za-z0-9]{30,}"),
    SecretRule(
        "slack_webhook",
        ("hooks.slack",),
        re.compile(
            r"(hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/_-]{20,80})"
        ),
    ),
    SecretRule(
        "discord_webhook",
        ("/api/webhooks/",),
        re.compile(r"(discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{60,72})"),
    ),
    SecretRule(
        "teams_webhook",
        ("webhook.office.com", "logic.azure.com"),
        re.compile(
            r"((?:webhook\.office\.com/webhookb2|logic\.azure\.com(?::443)?/workflows)/[A-Za-z0-9@/_.?=&%-]{40,})"
        ),
    ),
    SecretRule(
        "google_chat_webhook",
        ("chat.googleapis.com",),
        re.compile(r"(chat\.googleapis\.com/v1/spaces/[^\s\"']+token=[A-Za-z0-9_%=-]{20,})"),
    ),
    _token(
        "discord_bot_token",
        ".",
        r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",
        random=True,
    ),
    _token("telegram_bot_token", ":aa", rf"\d{{8,10}}:AA{U}{{32,33}}"),
    _token("twilio_key", "sk ac", rf"(?:SK|AC){H}{{32}}", shared=True),
    _token("sendgrid_key", "sg.", rf"SG\.{U}{{16,32}}\.{U}{{32,64}}"),
    _token("mailgun_key", "key- -", rf"key-{H}{{32}}|{H}{{32}}-{H}{{8}}-{H}{{8}}", score=0.9),
    _token("mailchimp_key", "-us", rf"{H}{{32}}-us\d{{1,2}}"),
    _token("brevo_key", "xkeysib- xsmtpsib-", rf"x(?:key|smtp)sib-{H}{{64}}-{W}{{16}}"),
    _token("postmark_resend_key", "re_", rf"re_{W}{{6,12}}_{W}{{20,30}}", random=True),
    _token("courier_key", "pk_prod_", r"pk_prod_[A-Z0-9]{28}"),
    _token("intercom_token", "dg9ro", r"dG9rO[A-Za-z0-9=]{50,60}"),
    _token("firebase_server_key", ":apa91b", rf"AAAA{U}{{7}}:APA91b{U}{{130,140}}"),
    # money and shops
    _token(
        "stripe_key",
        "sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ rk_prod_",
        rf"(?:sk|rk)_(?:live|test|prod)_{W}{{10,250}}",
    ),
    _token("webhook_signing_secret", "whsec_", r"whsec_[A-Za-z0-9+/]{24,64}={0,2}"),
    _token("square_token", "sq0 eaaa", rf"sq0(?:atp|csp|idp)-{U}{{22,60}}|EAAA{U}{{60}}"),
    _token(
        "paypal_braintree_token",
        "access_token$",
        rf"access_token\$(?:production|sandbox)\${W}{{16}}\${H}{{32}}",
    ),
    _token("shopify_token", "shp", rf"shp(?:at|ca|pa|ss|ua)_{H}{{32}}"),
    _token(
        "plaid_token",
        "access-sandbox- access-production- access-development-",
        rf"access-(?:sandbox|development|production)-{H}{{8}}(?:-{H}{{4}}){{3}}-{H}{{12}}",
    ),
    _token(
        "flutterwave_key",
        "flwseck flwpubk",
        r"FLWSECK(?:_TEST|_LIVE)?-[A-Za-z0-9]{12,34}(?:-X)?",
    ),
    _token("razorpay_key", "rzp_", rf"rzp_(?:live|test)_{W}{{14,}}"),
    _token(
        "paystack_adyen_mollie",
        "aqe live_ test_",
        rf"AQE[a-z]h[A-Za-z0-9+/]{{60,}}.{{0,40}}|(?:live|test)_{W}{{30}}",
        random=True,
    ),
    _token("coinbase_gocardless_easypost", "live_ ezak ezt", rf"live_{U}{{40}}|EZ[AT]K{W}{{54}}"),
    _token(
        "duffel_shippo_token",
        "duffel_ shippo_",
        rf"duffel_(?:test|live)_{U}{{43}}|shippo_(?:live|test)_{H}{{40}}",
    ),
    # watching and data
    _token(
        "new_relic_key",
        "nrak- nrii- nrjs- nraa- nrra-",
        rf"NR(?:AK|II|JS|AA|RA)-[A-Za-z0-9_-]{{19,42}}|{H}{{36}}NRAL",
    ),
    _token(
        "grafana_token",
        "glsa_ glc_ eyjrijoi",
        rf"glsa_{W}{{32}}_[0-9A-Fa-f]{{8}}|glc_[A-Za-z0-9+/]{{32,400}}={{0,3}}|eyJrIjoi[A-Za-z0-9]{{70,400}}={{0,3}}",
    ),
    _token(
        "sentry_token", "sntrys_ sntryu_", rf"sntrys_eyJ[A-Za-z0-9+/=_]{{60,}}|sntryu_{H}{{64}}"
    ),
    SecretRule(
        "sentry_dsn",
        ("sentry",),
        re.compile(rf"https?://({H}{{32}}(?::{H}{{32}})?)@[\w.-]*sentry", re.I),
        0.8,
    ),
    _token("dynatrace_token", "dt0", r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    _token("honeycomb_key", "hcaik_ hcalk_ hcxik_ hcamk_", r"hc[abx][iml]k_[a-z0-9]{50,70}"),
    _token("postman_key", "pmak-", rf"PMAK-{H}{{24}}-{H}{{34}}"),
    _token("readme_token", "rdme_", r"rdme_[a-z0-9]{70}"),
    _token("posthog_key", "phc_ phx_ phs_", rf"ph[cxs]_{W}{{32,}}"),
    _token("prefect_token", "pnu_ pnb_", rf"pn[ub]_{W}{{36}}"),
    _token("airtable_token", "pat", rf"pat{W}{{14}}\.{H}{{64}}"),
    _token("notion_token", "ntn_ secret_", rf"ntn_\d{{11}}{W}{{35}}|secret_{W}{{43}}"),
    _token("linear_token", "lin_", rf"lin_(?:api|oauth)_{W}{{32,64}}"),
    _token("asana_token", "0/ 1/ 2/", rf"[012]/\d{{10,17}}(?:/\d{{10,17}})?:{H}{{32}}"),
    _token("figma_token", "figd_ figu_ figo_", rf"fig[duo]r?_{U}{{38,46}}"),
    _token("contentful_token", "cfpat-", rf"CFPAT-{U}{{43}}"),
    _token("typeform_token", "tfp_", r"tfp_[A-Za-z0-9_.=-]{40,60}"),
    _token(
        "hubspot_token",
        "pat-na pat-eu",
        rf"pat-(?:na|eu)\d-{H}{{8}}-{H}{{4}}-{H}{{4}}-{H}{{4}}-{H}{{12}}",
    ),
    _token("salesforce_token", "00d", r"00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{80,}"),
    _token("frameio_token", "fio-u-", r"fio-u-[A-Za-z0-9_=-]{64}"),
    _token("dropbox_token", "sl.", r"sl\.(?:u\.)?[A-Za-z0-9_=-]{60,}"),
    _token("facebook_token", "eaa", r"EAA[MC]?[A-Za-z0-9]{60,}"),
    _token("twitter_bearer", "aaaaaaaaaaaaaaaaaaaaa", r"A{21,22}[A-Za-z0-9%]{60,100}"),
    _token("twitch_or_spotify_oauth", "oauth:", r"(?<=oauth:)[a-z0-9]{30}"),
    _token(
        "mapbox_token",
        "sk.eyj tk.eyj pk.eyj",
        r"[spt]k\.eyJ[A-Za-z0-9_-]{50,}\.[A-Za-z0-9_-]{20,24}",
    ),
    _token("linkedin_token", "aq", r"AQ[A-Z][A-Za-z0-9_-]{200,}"),
    _token("adobe_secret", "p8e-", r"p8e-[A-Za-z0-9_-]{32}"),
    _token("zendesk_or_duo_key", "di", r"DI[A-Z0-9]{18}", score=0.6, random=True, shared=True),
    # keys
    SecretRule(
        "private_key",
        ("private key",),
        re.compile(
            r"(-----BEGIN[ A-Z0-9_-]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END)[\s\S]){24,8192}(?:-----END[ A-Z0-9_-]{0,40}-----)?)"
        ),
        1.0,
    ),
    SecretRule(
        "putty_private_key",
        ("putty-user-key-file",),
        re.compile(r"(PuTTY-User-Key-File-[\s\S]{0,4000}?Private-Lines:[\s\S]{8,4000})"),
        1.0,
    ),
    SecretRule(
        "json_web_key",
        ('"d"',),
        re.compile(r'"kty"[\s\S]{0,600}?"d"\s*:\s*"([A-Za-z0-9_-]{32,700})"'),
        0.95,
    ),
    SecretRule(
        "wireguard_key",
        ("privatekey", "presharedkey"),
        re.compile(r"(?:PrivateKey|PresharedKey)\s*=\s*([A-Za-z0-9+/]{43}=)"),
        0.95,
    ),
    SecretRule(
        "ethereum_private_key",
        ("0x", "eth", "wallet"),
        re.compile(
            rf"(?i:(?<![a-z])(?:private|priv|wallet|eth(?![a-df-z])|signer|deployer))[^\n]{{0,40}}?\b((?:0x)?{H}{{64}})\b"
        ),
        0.9,
        shared=True,
    ),
    _near(
        "bitcoin_private_key",
        "wif btc bitcoin priv",
        "wif|btc|bitcoin|priv",
        r"5[HJK][1-9A-HJ-NP-Za-km-z]{49}|[KL][1-9A-HJ-NP-Za-km-z]{51}",
    ),
    _token(
        "extended_private_key", "xprv yprv zprv tprv", r"[xyzt]prv[1-9A-HJ-NP-Za-km-z]{100,112}"
    ),
    # addresses that carry a password
    SecretRule(
        "netrc_password",
        ("machine ",),
        re.compile(r"machine\s+\S+\s+login\s+\S+\s+password\s+(\S{6,})"),
        0.85,
    ),
    SecretRule(
        "npmrc_auth",
        ("_auth",),
        re.compile(r"(?<![A-Za-z0-9])_auth(?:Token)?\s*=\s*\"?([A-Za-z0-9+/=_.-]{20,})"),
        0.85,
        random=True,
    ),
    SecretRule(
        "basic_auth_header",
        ("basic ",),
        re.compile(r"(?i)\bbasic\s+([A-Za-z0-9+/]{12,200}={0,2})(?![A-Za-z0-9+/])"),
        0.85,
        random=True,
    ),
    SecretRule(
        "bearer_token",
        ("bearer",),
        re.compile(r"(?i)\bbearer[\s\"':=]+([A-Za-z0-9._~+/-]{20,2000}=*)"),
        0.85,
        random=True,
    ),
    SecretRule(
        "ansible_vault", ("$ansible_vault",), re.compile(r"(\$ANSIBLE_VAULT;[\s\S]{40,})"), 0.7
    ),
    SecretRule(
        "htpasswd_hash",
        ("$2", "$apr1$", "$6$", "$5$", "$argon2"),
        re.compile(
            r"(\$(?:2[aby]\$\d\d\$[./A-Za-z0-9]{53}|apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}|[56]\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43,86}|argon2id?\$v=\d+\$[^\s\"']{40,}))"
        ),
        0.6,
    ),
)
