"""Stateless numerics on tensors: correspondence, affinity, diffusion, softmax, communication."""
