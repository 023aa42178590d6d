"""Write a tiny Qwen2 of random weights with a tokenizer of its own, and a chat template that ends in `<think>`.

    python tiny_qwen.py FOLDER        (needs torch, transformers and tokenizers, which vLLM brings)

It thinks nothing: its answers are random pieces. Real enough for vLLM and `transformers serve` to load, and small
enough (1 MB) to be made anew each time.
"""

from __future__ import annotations

import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

TEXT = """Let me think about this step by step. First, what is asked? We want the value of x, so that the sum is 12.
Wait, let me check: 5 + 7 = 12, and 3 * 4 = 12. So the final answer is \\boxed{12}. Alternatively, try another way.
Therefore the answer is right. Please reason step by step, and put your final answer within the box.
"""
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TAGS = ["<think>", "</think>"]


def write(folder: str, seed: int = 0) -> None:
    """Write configuration, weights and tokenizer; the same for the same seed."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        [TEXT], trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet)
    )
    whole = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=TEMPLATE
    )
    whole.add_tokens(TAGS)
    whole.save_pretrained(folder)
    torch.manual_seed(seed)
    # vLLM's attention on CPU wants heads of 32 at least.
    config = Qwen2Config(
        vocab_size=len(whole),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        eos_token_id=whole.eos_token_id,
        pad_token_id=whole.pad_token_id,
    )
    Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


if __name__ == "__main__":
    write(sys.argv[1])
