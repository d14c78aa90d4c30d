"""The published sizes and weights: SigLIP so400m, VideoRefer-7B's connectors and region encoder, Qwen2-7B."""
