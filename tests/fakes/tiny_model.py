"""A real but tiny Llama with random weights and its own tokenizer, in a safetensors folder."""

from pathlib import Path

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_tiny_model(folder: Path, *, seed: int = 0, embedding_scale: float = 1.0) -> Path:
    """Writes the model and returns its folder. About a second, 200 kB.

    At scale 1 its logits are too small for an adapter to sharpen, so it never learns anything; at
    25 a rank of 16 learns the small goal's answers by heart in about 600 steps.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(['{"cwe": "none", "line": null}'], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
    )
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = LlamaForCausalLM(config)
    model.get_input_embeddings().weight.data.mul_(embedding_scale)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_catalogue(file: Path, name: str, model: Path) -> Path:
    """A catalogue file with the tiny model under `name`."""
    import yaml

    entry = {
        "name": name,
        "licence": "Apache-2.0",
        "architecture": "llama",
        "roles": ["base"],
        "parameters": 30_000,
        "path": str(model),
    }
    file.write_text(yaml.safe_dump([entry]), encoding="utf-8")
    return file
