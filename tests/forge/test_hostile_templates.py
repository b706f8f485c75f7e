"""Chat templates: what escapes, never ends or grows is refused unread; what real ones do is not."""

import pytest

from forgemind_assets.errors import UnsafeArtefact
from forgemind_assets.forge.safe_template import check_template

TEMPLATES = {
    "an escape by attribute": "{{ ''.__class__.__mro__ }}",
    "an escape by item": "{{ messages['__class__'] }}",
    "an escape by filter": "{{ messages | attr('__class__') }}",
    "an escape by map": "{{ messages | map(attribute='__class__') | list }}",
    "an escape by a deep attribute": "{{ messages | map(attribute='a.__init__') | list }}",
    "an escape by concatenation": "{{ messages['__cl' ~ 'ass__'] }}",
    "an escape by a name set before": "{% set a = '__class__' %}{{ messages[a] }}",
    "an escape by format": "{{ '{0.__class__}'.format(messages) }}",
    "an escape by globals": "{{ lipsum.__globals__ }}",
    "another template": "{% include '/etc/passwd' %}",
    "an import": "{% from 'x' import y %}",
    "loops within loops": "{% for a in range(100000) %}" * 4 + "x" + "{% endfor %}" * 4,
    "a range by name": "{% set n = '99999'|int %}"
    + "{% for a in range(n) %}" * 2
    + "x"
    + "{% endfor %}" * 2,
    "a power": "{{ 9 ** 9 ** 9 }}",
    "a huge product": "{{ 'a' * 100000 }}",
    "a huge number": "{{ 'a' | indent(1000000000) }}",
    "a text that doubles each line": "{% set x = 'ab' %}" + "{% set x = x ~ x %}" * 40,
    "a text that doubles each round": "{% set ns = namespace(x='a') %}{% for m in messages %}"
    "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "a text that doubles by a detour": "{% set ns = namespace(x='a') %}{% for m in messages %}"
    "{% set y = ns.x %}{% set ns.x = y ~ y %}{% endfor %}",
    "texts that double each other": "{% set ns = namespace(x='a', y='b') %}{% for m in messages %}"
    "{% set ns.x = ns.x ~ ns.y %}{% set ns.y = ns.x ~ ns.y %}{% endfor %}",
    "a text that doubles by replacing": "{% set ns = namespace(x='a') %}{% for m in messages %}"
    "{% set ns.x = ns.x | replace('a', 'aa') %}{% endfor %}",
    "a macro that calls itself": "{% macro m(x) %}{{ m(x) }}{{ m(x) }}{% endmacro %}{{ m(1) }}",
    "macros that call each other twice": "".join(
        f"{{% macro m{n}() %}}{{{{ m{n + 1}() }}}}{{{{ m{n + 1}() }}}}{{% endmacro %}}"
        for n in range(40)
    )
    + "{% macro m40() %}x{% endmacro %}{{ m0() }}",
    "a recursive loop": "{% for m in messages recursive %}{{ loop(messages) }}{% endfor %}",
    "brackets without bottom": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "a template without end": "x" * 300_000,
}


SOUND_TEMPLATES = {
    "tools and reasoning, as of Qwen 3": """
{%- if tools %}{{- '<|im_start|>system\\n' }}{%- for tool in tools %}{{- tool | tojson }}
{%- endfor %}{%- endif %}
{%- set ns = namespace(open=true, last=messages|length - 1) %}
{%- for message in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}
{%- if ns.open and message.role == "user" and not message.content.startswith('<tool>') %}
{%- set ns.open = false %}{%- set ns.last = index %}{%- endif %}{%- endfor %}
{%- for message in messages %}{%- set content = message.content if message.content else '' %}
{%- set thought = '' %}{%- if '</think>' in content %}
{%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1] %}
{%- set content = content.split('</think>')[-1].lstrip('\\n') %}{%- endif %}
{{- '<|im_start|>' + message.role + '\\n' + thought + content + '<|im_end|>\\n' }}
{%- for call in message.tool_calls %}{%- if (loop.first and content) or (not loop.first) %}
{{- '\\n' }}{%- endif %}{{- call.function.name }}{{- call.arguments | tojson }}{%- endfor %}
{%- if loop.last or messages[loop.index0 + 1].role != "tool" %}{{- '\\n' }}{%- endif %}
{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}""",
    "dates and complaints, as of Llama 3": """
{%- if not date_string is defined %}{%- if strftime_now is defined %}
{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}{%- set date_string = "26 Jul" %}
{%- endif %}{%- endif %}{%- if messages[0]['role'] == 'system' %}
{%- set system_message = messages[0]['content']|trim %}{%- set messages = messages[1:] %}
{%- endif %}{{- "Today: " + date_string + "\\n\\n" }}{{- system_message }}
{%- for t in tools %}{{- t | tojson(indent=4) }}{{- "\\n\\n" }}{%- endfor %}
{%- for message in messages %}{%- if not message.tool_calls|length == 1 %}
{{- raise_exception("one call at a time") }}{%- endif %}
{%- for arg_name, arg_val in message.tool_calls[0].arguments | items %}
{{- arg_name + '="' + arg_val + '"' }}{%- if not loop.last %}{{- ", " }}{%- endif %}
{%- endfor %}{%- endfor %}""",
    "turns that alternate, as of Mistral and Gemma": """
{%- set ns = namespace(index=0, text='') %}
{%- set asked = messages | selectattr("role", "equalto", "user") | list %}
{%- for message in messages %}{%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
{{- raise_exception("roles must alternate") }}{%- endif %}
{%- set ns.index = ns.index + 1 %}{%- set ns.text = ns.text + '\\n' + message['content'] %}
{%- endfor %}{{- bos_token + ns.text | trim + eos_token }}{{ asked[-1].content }}""",
    "macros, as of newer models": """
{%- macro part(content, vision) %}{%- if content is string %}{{- content }}{%- else %}
{%- for item in content %}{%- if 'image' in item %}{{- '<image>' * 2 }}{%- else %}
{{- item.text | replace('<', '&lt;') }}{%- endif %}{%- endfor %}{%- endif %}{%- endmacro %}
{%- for m in messages %}{%- set text = part(m.content, true) | trim %}
{% generation %}{{- text }}{% endgeneration %}{%- if loop.last %}{%- break %}{%- endif %}
{%- endfor %}""",
}


@pytest.mark.parametrize("name", SOUND_TEMPLATES)
def test_what_real_chat_templates_do_is_accepted(name):
    check_template(SOUND_TEMPLATES[name], "here")


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_hostile_chat_template_is_refused_unread(name):
    with pytest.raises(UnsafeArtefact, match=r"here: refused"):
        check_template(TEMPLATES[name], "here")
