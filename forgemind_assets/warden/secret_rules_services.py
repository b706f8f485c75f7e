"""Token formats of model providers, messengers, payment and other services, as their documentation describes them."""

# ruff: noqa: E501 - a pattern is easier to check in one piece

import re

from forgemind_assets.warden.secret_rule import H, SecretRule, U, W, token

SERVICES: tuple[SecretRule, ...] = (
    # models and data
    token(
        "openai_key",
        "sk-",
        rf"sk-(?:proj|svcacct|admin|None)?-?{U}{{0,100}}T3BlbkFJ{U}{{20,100}}|sk-(?:proj|svcacct|admin)-{U}{{32,200}}|sk-{W}{{48}}",
    ),
    token("anthropic_key", "sk-ant-", rf"sk-ant-(?:api|admin|oat|ort|sid)\d\d-{U}{{40,120}}"),
    token("openrouter_key", "sk-or-", rf"sk-or-(?:v1-)?{H}{{64}}"),
    token("deepseek_style_key", "sk-", rf"sk-{H}{{32}}", score=0.9),
    token("huggingface_token", "hf_ api_org_", rf"hf_{W}{{30,40}}|api_org_{W}{{34}}"),
    token("groq_key", "gsk_", rf"gsk_{W}{{48,56}}"),
    token("xai_key", "xai-", rf"xai-{W}{{70,84}}"),
    token("replicate_token", "r8_", rf"r8_{W}{{37}}"),
    token("perplexity_key", "pplx-", rf"pplx-{W}{{40,56}}"),
    token("fireworks_key", "fw_", rf"fw_{W}{{22,}}", random=True),
    token("nvidia_key", "nvapi-", rf"nvapi-{U}{{60,70}}"),
    token("tavily_key", "tvly-", rf"tvly-(?:dev-|prod-)?{W}{{20,40}}"),
    token("pinecone_key", "pcsk_", rf"pcsk_{U}{{40,80}}"),
    token("langchain_key", "lsv2_ ls__", rf"lsv2_(?:pt|sk)_{H}{{32}}_{H}{{10}}|ls__{H}{{32}}"),
    token("elevenlabs_style_key", "sk_", rf"sk_{H}{{48}}"),
    token("wandb_key", "wandb_v1_", rf"wandb_v1_{U}{{60,100}}"),
    # messages
    token(
        "slack_token",
        "xoxb- xoxp- xoxa- xoxr- xoxs- xoxo- xoxe xoxc- xoxd-",
        r"xox[bparsoced](?:\.xox[bp])?-[A-Za-z0-9%/+-]{10,300}",
    ),
    token("slack_app_token", "xapp-", r"xapp-\d-[A-Z0-9]+-\d+-[A-Za-z0-9]{30,}"),
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
    token(
        "discord_bot_token",
        ".",
        r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",
        random=True,
        needs=rf"\.{U}{{6}}\.{U}{{27}}",
    ),
    token("telegram_bot_token", ":aa", rf"\d{{8,10}}:AA{U}{{32,33}}"),
    token("twilio_key", "sk ac", rf"(?:SK|AC){H}{{32}}", shared=True, needs=rf"{H}{{32}}"),
    token("sendgrid_key", "sg.", rf"SG\.{U}{{16,32}}\.{U}{{32,64}}"),
    token(
        "mailgun_key",
        "key- -",
        rf"key-{H}{{32}}|{H}{{32}}-{H}{{8}}-{H}{{8}}",
        score=0.9,
        needs=rf"{H}{{32}}",
    ),
    token("mailchimp_key", "-us", rf"{H}{{32}}-us\d{{1,2}}"),
    token("brevo_key", "xkeysib- xsmtpsib-", rf"x(?:key|smtp)sib-{H}{{64}}-{W}{{16}}"),
    token("postmark_resend_key", "re_", rf"re_{W}{{6,12}}_{W}{{20,30}}", random=True),
    token("courier_key", "pk_prod_", r"pk_prod_[A-Z0-9]{28}"),
    token("intercom_token", "dg9ro", r"dG9rO[A-Za-z0-9=]{50,60}"),
    token("firebase_server_key", ":apa91b", rf"AAAA{U}{{7}}:APA91b{U}{{130,140}}"),
    # money and shops
    token(
        "stripe_key",
        "sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ rk_prod_",
        rf"(?:sk|rk)_(?:live|test|prod)_{W}{{10,250}}",
    ),
    token("webhook_signing_secret", "whsec_", r"whsec_[A-Za-z0-9+/]{24,64}={0,2}"),
    token("square_token", "sq0 eaaa", rf"sq0(?:atp|csp|idp)-{U}{{22,60}}|EAAA{U}{{60}}"),
    token(
        "paypal_braintree_token",
        "access_token$",
        rf"access_token\$(?:production|sandbox)\${W}{{16}}\${H}{{32}}",
    ),
    token("shopify_token", "shp", rf"shp(?:at|ca|pa|ss|ua)_{H}{{32}}"),
    token(
        "plaid_token",
        "access-sandbox- access-production- access-development-",
        rf"access-(?:sandbox|development|production)-{H}{{8}}(?:-{H}{{4}}){{3}}-{H}{{12}}",
    ),
    token(
        "flutterwave_key",
        "flwseck flwpubk",
        r"FLWSECK(?:_TEST|_LIVE)?-[A-Za-z0-9]{12,34}(?:-X)?",
    ),
    token("razorpay_key", "rzp_", rf"rzp_(?:live|test)_{W}{{14,}}"),
    token(
        "paystack_adyen_mollie",
        "aqe live_ test_",
        rf"AQE[a-z]h[A-Za-z0-9+/]{{60,}}.{{0,40}}|(?:live|test)_{W}{{30}}",
        random=True,
        needs=r"[A-Za-z0-9+/]{30}",
    ),
    token("coinbase_gocardless_easypost", "live_ ezak ezt", rf"live_{U}{{40}}|EZ[AT]K{W}{{54}}"),
    token(
        "duffel_shippo_token",
        "duffel_ shippo_",
        rf"duffel_(?:test|live)_{U}{{43}}|shippo_(?:live|test)_{H}{{40}}",
    ),
    # watching and data
    token(
        "new_relic_key",
        "nrak- nrii- nrjs- nraa- nrra-",
        rf"NR(?:AK|II|JS|AA|RA)-[A-Za-z0-9_-]{{19,42}}|{H}{{36}}NRAL",
    ),
    token(
        "grafana_token",
        "glsa_ glc_ eyjrijoi",
        rf"glsa_{W}{{32}}_[0-9A-Fa-f]{{8}}|glc_[A-Za-z0-9+/]{{32,400}}={{0,3}}|eyJrIjoi[A-Za-z0-9]{{70,400}}={{0,3}}",
    ),
    token("sentry_token", "sntrys_ sntryu_", rf"sntrys_eyJ[A-Za-z0-9+/=_]{{60,}}|sntryu_{H}{{64}}"),
    SecretRule(
        "sentry_dsn",
        ("sentry",),
        re.compile(rf"https?://({H}{{32}}(?::{H}{{32}})?)@[\w.-]*sentry", re.I),
        0.8,
    ),
    token("dynatrace_token", "dt0", r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    token("honeycomb_key", "hcaik_ hcalk_ hcxik_ hcamk_", r"hc[abx][iml]k_[a-z0-9]{50,70}"),
    token("postman_key", "pmak-", rf"PMAK-{H}{{24}}-{H}{{34}}"),
    token("readme_token", "rdme_", r"rdme_[a-z0-9]{70}"),
    token("posthog_key", "phx_ phs_", rf"ph[xs]_{W}{{32,}}"),
    token("prefect_token", "pnu_ pnb_", rf"pn[ub]_{W}{{36}}"),
    token("airtable_token", "pat", rf"pat{W}{{14}}\.{H}{{64}}"),
    token("notion_token", "ntn_ secret_", rf"ntn_\d{{11}}{W}{{35}}|secret_{W}{{43}}"),
    token("linear_token", "lin_", rf"lin_(?:api|oauth)_{W}{{32,64}}"),
    token("asana_token", "0/ 1/ 2/", rf"[012]/\d{{10,17}}(?:/\d{{10,17}})?:{H}{{32}}"),
    token("figma_token", "figd_ figu_ figo_", rf"fig[duo]r?_{U}{{38,46}}"),
    token("contentful_token", "cfpat-", rf"CFPAT-{U}{{43}}"),
    token("typeform_token", "tfp_", r"tfp_[A-Za-z0-9_.=-]{40,60}"),
    token(
        "hubspot_token",
        "pat-na pat-eu",
        rf"pat-(?:na|eu)\d-{H}{{8}}-{H}{{4}}-{H}{{4}}-{H}{{4}}-{H}{{12}}",
    ),
    token("salesforce_token", "00d", r"00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{80,}"),
    token("frameio_token", "fio-u-", r"fio-u-[A-Za-z0-9_=-]{64}"),
    token("dropbox_token", "sl.", r"sl\.(?:u\.)?[A-Za-z0-9_=-]{60,}"),
    token("facebook_token", "eaa", r"EAA[MC]?[A-Za-z0-9]{60,}"),
    token("twitter_bearer", "aaaaaaaaaaaaaaaaaaaaa", r"A{21,22}[A-Za-z0-9%]{60,100}"),
    token("twitch_or_spotify_oauth", "oauth:", r"(?<=oauth:)[a-z0-9]{30}"),
    token(
        "mapbox_token",
        "sk.eyj tk.eyj pk.eyj",
        r"[spt]k\.eyJ[A-Za-z0-9_-]{50,}\.[A-Za-z0-9_-]{20,24}",
    ),
    token("linkedin_token", "aq", r"AQ[A-Z][A-Za-z0-9_-]{200,}"),
    token("adobe_secret", "p8e-", r"p8e-[A-Za-z0-9_-]{32}"),
    token(
        "zendesk_or_duo_key",
        "di",
        r"DI[A-Z0-9]{18}",
        score=0.6,
        random=True,
        shared=True,
        needs="DI[A-Z0-9]{18}",
    ),
)
