"""Targets of temporal-difference learning: one function, one equation, on PyTorch tensors.

Notation as in rlax: `r_t` is the reward for the step from time t - 1 to t, `v_t`, `q_t` the
estimates at the state then reached, and `discount_t` is γ, or 0 where that step *ended* the
episode. Ending enters nowhere else; a step cut off by a time limit keeps its γ and bootstraps.

`...` is any batch shape, the same for all arguments. Time, where there is any, is the last
dimension but for action values, whose last dimension is the action. No gradient flows through a
target. InputError when shapes do not fit.
"""

from __future__ import annotations

import torch
from torch import Tensor

from latimer.errors import InputError


def td_zero(r_t: Tensor, discount_t: Tensor, v_t: Tensor) -> Tensor:
    """R + γ v(s'). All [...] (Sutton & Barto 2018, equation 6.2)."""
    _same_shape(r_t=r_t, discount_t=discount_t, v_t=v_t)
    return (r_t + discount_t * v_t).detach()


def sarsa(r_t: Tensor, discount_t: Tensor, q_t: Tensor, a_t: Tensor) -> Tensor:
    """R + γ q(s', a'). q_t [..., actions]; a_t, integers, and the rest [...] (equation 6.7)."""
    _same_shape(r_t=r_t, discount_t=discount_t, a_t=a_t, q_t=q_t[..., 0])
    return (r_t + discount_t * _at(q_t, a_t)).detach()


def expected_sarsa(r_t: Tensor, discount_t: Tensor, q_t: Tensor, policy_t: Tensor) -> Tensor:
    """R + γ Σ_a π(a | s') q(s', a). q_t, policy_t [..., actions], the rest [...] (equation 6.9).

    What the policy never does may have any value, infinite ones included.
    """
    _same_shape(r_t=r_t, discount_t=discount_t, q_t=q_t[..., 0])
    _same_shape(q_t=q_t, policy_t=policy_t)
    expected = torch.where(policy_t > 0, policy_t * q_t, 0.0).sum(dim=-1)
    return (r_t + discount_t * expected).detach()


def q_learning(r_t: Tensor, discount_t: Tensor, q_t: Tensor) -> Tensor:
    """R + γ max_a q(s', a). q_t [..., actions], the rest [...] (Watkins 1989; equation 6.8)."""
    _same_shape(r_t=r_t, discount_t=discount_t, q_t=q_t[..., 0])
    return (r_t + discount_t * q_t.max(dim=-1).values).detach()


def double_q(r_t: Tensor, discount_t: Tensor, q_t: Tensor, selector_t: Tensor) -> Tensor:
    """R + γ q(s', argmax_a selector(s', a)). q_t, selector_t [..., actions], the rest [...].

    van Hasselt 2010; with the online network as selector and the target network as q, double DQN
    (van Hasselt, Guez & Silver 2016).
    """
    _same_shape(r_t=r_t, discount_t=discount_t, q_t=q_t[..., 0])
    _same_shape(q_t=q_t, selector_t=selector_t)
    return (r_t + discount_t * _at(q_t, selector_t.argmax(dim=-1))).detach()


def monte_carlo(r_t: Tensor, discount_t: Tensor, bootstrap: Tensor | None = None) -> Tensor:
    """G_t = r_t + γ_t G_{t+1}. r_t, discount_t, result [..., time] (equation 3.9).

    bootstrap [...]: the value of the state after the last step, 0 if None; it counts only where
    the last step did not end the episode. With it this is the n-step return (equation 7.1).
    """
    _same_shape(r_t=r_t, discount_t=discount_t)
    end = torch.zeros_like(r_t[..., 0]) if bootstrap is None else bootstrap
    _same_shape(bootstrap=end, r_t=r_t[..., 0])
    return _backwards(r_t, discount_t, end)


def lambda_return(r_t: Tensor, discount_t: Tensor, v_t: Tensor, lambda_: float) -> Tensor:
    """G_t = r_t + γ_t ((1 - λ) v_t + λ G_{t+1}), the last being r + γ v. All [..., time].

    Sutton & Barto 2018, equation 12.2. v_t is the value of the state that step t reached; λ = 0
    is `td_zero`, λ = 1 is `monte_carlo` with bootstrap.
    """
    _same_shape(r_t=r_t, discount_t=discount_t, v_t=v_t)
    _check_lambda(lambda_)
    return _backwards(r_t + (1 - lambda_) * discount_t * v_t, lambda_ * discount_t, v_t[..., -1])


def gae(r_t: Tensor, discount_t: Tensor, values: Tensor, lambda_: float) -> Tensor:
    """Generalised advantages A_t = δ_t + γ_t λ A_{t+1} with δ_t = r_t + γ_t v_t - v_{t-1}.

    r_t, discount_t, result [..., time]; values [..., time + 1], the first being that of the state
    before the first step (Schulman et al. 2016, equation 16).
    """
    _same_shape(r_t=r_t, discount_t=discount_t, values_from_the_second=values[..., 1:])
    _check_lambda(lambda_)
    delta = r_t + discount_t * values[..., 1:] - values[..., :-1]
    return _backwards(delta, lambda_ * discount_t, torch.zeros_like(delta[..., 0]))


def _backwards(gain: Tensor, carry: Tensor, end: Tensor) -> Tensor:
    """x_t = gain_t + carry_t x_{t+1} along the last dimension, from x = `end` after the last."""
    following, found = end, torch.empty_like(gain)
    for time in reversed(range(gain.shape[-1])):
        following = gain[..., time] + carry[..., time] * following
        found[..., time] = following.detach()
    return found.detach()


def _at(q: Tensor, action: Tensor) -> Tensor:
    return q.gather(-1, action.long().unsqueeze(-1)).squeeze(-1)


def _check_lambda(lambda_: float) -> None:
    if not 0 <= lambda_ <= 1:
        raise InputError(f"lambda is {lambda_}; it must be from 0 to 1")


def _same_shape(**tensors: Tensor) -> None:
    if len({tensor.shape for tensor in tensors.values()}) > 1:
        shapes = ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in tensors.items())
        raise InputError(f"shapes do not fit: {shapes}")
