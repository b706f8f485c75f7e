"""Token formats of clouds, code hosts, registries and secret stores, as their documentation describes them."""

# ruff: noqa: E501 - a pattern is easier to check in one piece

import re

from forgemind_assets.warden.secret_rule import END, START, H, SecretRule, U, W, near, token

CLOUD: tuple[SecretRule, ...] = (
    # cloud
    token(
        "aws_access_key_id",
        "akia asia abia acca a3t",
        r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
    ),
    token("aws_bedrock_key", "absk", r"ABSK[A-Za-z0-9+/]{109,269}={0,2}"),
    near(
        "aws_secret_access_key",
        "aws akia asia",
        r"aws|secret|AKIA|ASIA",
        r"(?=[^A-Z\n]{0,39}[A-Z])(?=[^a-z\n]{0,39}[a-z])[A-Za-z0-9+/]{40}",
    ),
    token("google_api_key", "aiza", rf"AIza{U}{{35}}"),
    token("google_oauth_secret", "gocspx-", rf"GOCSPX-{U}{{28}}"),
    token("google_oauth_token", "ya29.", r"ya29\.[A-Za-z0-9_.-]{20,}"),
    token("google_refresh_token", "1//0", rf"1//0[0-9A-Za-z]{U}{{40,}}"),
    token("azure_client_secret", "q~", r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}"),
    SecretRule(
        "azure_storage_key",
        ("accountkey", "sharedaccesskey", "azure", "=="),
        re.compile(rf"{START}([A-Za-z0-9+/]{{86}}==)"),
        0.9,
        random=True,
        shared=True,
        needs=re.compile(r"[A-Za-z0-9+/]{86}"),
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
    token("alibaba_access_key", "ltai", rf"LTAI{W}{{16,24}}", random=True),
    token("tencent_secret_id", "akid", rf"AKID{W}{{32}}"),
    token(
        "yandex_api_key",
        "aqvn yca t1.",
        r"AQVN[A-Za-z0-9_-]{35,38}|YC[AM][A-Za-z0-9_-]{37,38}",
    ),
    token("digitalocean_token", "dop_v1_ doo_v1_ dor_v1_", rf"do[opr]_v1_{H}{{64}}"),
    token("heroku_key", "hrku-", r"HRKU-[A-Za-z0-9_-]{36,64}"),
    token(
        "flyio_token", "fo1_ fm1 fm2_", rf"fo1_{U}{{43}}|fm[12][ar]?_[A-Za-z0-9+/]{{80,}}={{0,3}}"
    ),
    token("cloudflare_origin_ca", "v1.0-", rf"v1\.0-{H}{{24}}-{H}{{146}}"),
    token("scaleway_key", "scw", r"SCW[A-Z0-9]{17}"),
    near("ibm_cloud_key", "apikey ibm", "apikey|ibm", r"[A-Za-z0-9_-]{44}"),
    token("vercel_token", "vcp_ vci_ vca_ vcr_ vck_", rf"vc[piark]_{W}{{24,}}", random=True),
    token("netlify_token", "nfp_ nfc_ nfo_ nfu_ nfb_", rf"nf[pcoub]_{W}{{36}}"),
    token("supabase_key", "sbp_ sb_secret_", rf"sbp_(?:v0_)?{H}{{40}}|sb_secret_{U}{{22,}}"),
    token("planetscale_token", "pscale_", r"pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_.=-]{32,64}"),
    token("databricks_token", "dapi", rf"dapi{H}{{32}}(?:-\d)?"),
    token("snowflake_token", "ver:1-hint:", r"ver:1-hint:\d+-ETMs[A-Za-z0-9+/=]{40,}"),
    token("clickhouse_key", "4b1d", rf"4b1d{W}{{38}}", random=True, shared=True),
    token("mongodb_service_account", "mdb_sa_", r"mdb_sa_sk_[A-Za-z0-9_-]{40}"),
    token("oracle_ocid_key", "ocid1.credential", r"ocid1\.credential\.[a-z0-9.]{40,}"),
    # source code and packages
    token("github_token", "ghp_ gho_ ghu_ ghs_ ghr_", rf"gh[pousr]_{W}{{36,251}}"),
    token("github_fine_grained_token", "github_pat_", r"github_pat_[A-Za-z0-9_]{40,244}"),
    token("github_app_token", "ghs_", r"ghs_[A-Za-z0-9]{36}"),
    token(
        "gitlab_token",
        "glpat- gldt- glrt- glptt- glcbt- glft- glsoat- gloas- glagent- glimt- glffct- glrtr-",
        r"gl(?:pat|dt|rt|rtr|ptt|cbt|ft|soat|oas|agent|imt|ffct)-[A-Za-z0-9_.-]{20,300}",
    ),
    token("gitlab_runner_registration", "gr1348941", rf"GR1348941{U}{{20}}"),
    token("gitea_forgejo_token", "gto_ gta_", rf"gt[oa]_{W}{{40,56}}"),
    token(
        "bitbucket_app_password",
        "atbb atctt3",
        rf"ATBB{W}{{32,36}}|ATCTT3{U}{{100,}}(?:={H}{{8}})?",
    ),
    token("atlassian_token", "atatt3 atoa atst", r"AT(?:ATT|OA|ST)[A-Za-z0-9_\-=]{60,260}"),
    token("npm_token", "npm_", rf"npm_{W}{{36}}"),
    token("pypi_token", "pypi-ageic pypi-ageien", r"pypi-AgE[A-Za-z0-9_-]{40,}"),
    token("rubygems_token", "rubygems_", rf"rubygems_{H}{{48}}"),
    token("cargo_token", "cio", rf"cio{W}{{32}}", random=True, shared=True),
    token("clojars_token", "clojars_", r"CLOJARS_[a-z0-9]{60}"),
    token("nuget_key", "oy2", r"oy2[a-z0-9]{43}"),
    token("docker_token", "dckr_pat_ dckr_oat_", rf"dckr_(?:pat|oat)_{U}{{27,36}}"),
    token("artifactory_key", "akcp cmvmd", rf"AKCp{W}{{64,70}}|cmVmd{W}{{59}}"),
    token(
        "sourcegraph_token", "sgp_ slk_", rf"sgp_(?:(?:{H}{{16}}|local)_)?{H}{{40}}|slk_{H}{{64}}"
    ),
    token("sonar_token", "sqp_ squ_ sqa_", rf"sq[pua]_{H}{{40}}"),
    token("snyk_token", "snyk_uat.", r"snyk_uat\.[A-Za-z0-9._-]{30,}"),
    token("buildkite_token", "bkua_ bkaj_ bkct_", rf"bk(?:ua|aj|ct)_{W}{{40,}}"),
    token("circleci_token", "ccipat_ cciprj_", rf"cci(?:pat|prj)_{W}{{22}}_{H}{{40}}"),
    token("harness_token", "pat. sat.", rf"[ps]at\.{U}{{22}}\.{H}{{24}}\.{W}{{20}}"),
    # secret stores and identity
    token("hashicorp_vault_token", "hvs. hvb. hvr.", rf"hv[sbr]\.{U}{{24,300}}"),
    SecretRule(
        "hashicorp_vault_token",
        ("vault",),
        re.compile(rf"(?i:vault)[^\n]{{0,40}}?\b(s\.{W}{{24}}){END}"),
    ),
    token("terraform_cloud_token", ".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}"),
    token(
        "doppler_token",
        "dp.",
        r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}",
    ),
    token("pulumi_token", "pul-", rf"pul-{H}{{40}}"),
    token(
        "infisical_token",
        "st.",
        rf"st\.{H}{{24}}\.{H}{{32,64}}\.{H}{{32}}",
        needs=rf"st\.{H}{{24}}",
    ),
    token(
        "onepassword_key",
        "a3- ops_eyj",
        r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}|ops_eyJ[A-Za-z0-9+/_-]{100,}={0,3}",
    ),
    token(
        "age_secret_key",
        "age-secret-key-1",
        r"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
    ),
    token(
        "okta_token",
        "00",
        r"00[A-Za-z0-9_-]{40}",
        score=0.8,
        random=True,
        shared=True,
        needs=rf"00{U}{{40}}",
    ),
    token(
        "jwt", "eyj", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,}", score=0.9
    ),
    token("tailscale_key", "tskey-", r"tskey-[a-z]+-[A-Za-z0-9]{9,}(?:-[A-Za-z0-9]{20,})?"),
    token("cloudsmith_or_kubernetes_token", "k8s-aws-v1.", r"k8s-aws-v1\.[A-Za-z0-9_-]{40,}"),
    SecretRule(
        "kubeadm_token",
        ("kubeadm", "--token"),
        re.compile(r"\b([a-z0-9]{6}\.[a-z0-9]{16})\b"),
        0.85,
        random=False,
    ),
)
