"""Field names of optax's state tuples, by class name; a pickle holds only their values.

Collected from optax 0.2.8. A state whose number of values differs (another release) stays a plain
tuple.
"""

from __future__ import annotations

_ROWS = """\
AccumulateAvgUpdatesState micro_step ready avg_grad
AddNoiseState count rng_key
ApplyEvery count grad_acc
ApplyIfFiniteState notfinite_count last_finite total_notfinite inner_state
BacktrackingLineSearchState learning_rate new_value new_grad decrease_error iter_num
COCOBState init_particles cumulative_gradients scale subgradients reward
ConditionallyMaskState step inner_state
ConditionallyTransformState inner_state step
DAdaptAdamWState exp_avg exp_avg_sq grad_sum estim_lr numerator_weighted count
DifferentiallyPrivateAggregateState rng_key
DoGState is_init_step init_params max_dist sum_sq_norm_grads
DoWGState init_params weighted_sq_norm_grads estim_sq_dist
EmaState count ema
FactoredState count v_row v_col v
GaLoreState count base_optimizer_state projector
HutchinsonState key
InjectHyperparamsState count hyperparams inner_state
InjectStatefulHyperparamsState count hyperparams hyperparams_states inner_state
LookaheadParams fast slow
LookaheadState fast_state steps_since_sync
MadgradState count grad_sum_sq s x0
MaskedState inner_state
MechanicState base_optimizer_state count r m v s x0
MomoAdamState exp_avg exp_avg_sq barf gamma lb count
MomoState exp_avg barf gamma lb count
MonitorState measurements measure_states
MultiStepsState mini_step gradient_step inner_opt_state acc_grads skip_state
MuonState count mu ns_coeffs
PartitionState inner_states
PerElementMeanAndSumSqDiffGradsState micro_step ready mean_grads sum_sq_diff_grads
PerElementMeanAndVarianceEMAState count ema_decay mean_grads_ema variance_grads_ema
ProdigyState exp_avg exp_avg_sq grad_sum params0 estim_lr numerator_weighted count
ReduceLROnPlateauState scale best_value plateau_count cooldown_count count avg_value
SAMState steps_since_sync opt_state adv_state cache
ScaleByAdaDeltaState e_g e_x
ScaleByAdamState count mu nu
ScaleByAdanState m v n g t
ScaleByAdemamixState count count_m2 m1 m2 nu
ScaleByAmsgradState count mu nu nu_max
ScaleByBacktrackingLinesearchState learning_rate value grad info
ScaleByBeliefState count mu nu
ScaleByDistanceOverGradientsState max_dist grad_sum_of_squares init_params
ScaleByLBFGSState count params updates diff_params_memory diff_updates_memory weights_memory
ScaleByLionState count mu
ScaleByNovogradState count mu nu
ScaleByOptimisticGradientState is_initial_step previous_gradient
ScaleByRStdDevState mu nu
ScaleByRStdDevWithCountState count mu nu
ScaleByRmsState nu
ScaleByRmsWithCountState count nu
ScaleByRpropState step_sizes prev_updates
ScaleByRssState sum_of_squares
ScaleBySM3State mu nu
ScaleByScheduleState count
ScaleBySimplifiedAdEMAMixState t m n
ScaleByZoomLinesearchState learning_rate value grad info
ScheduleFreeState b1 weight_sum step_count max_lr base_optimizer_state z
SnapshotState measurement
SophiaState count mu nu hessian_fn_state
SplitRealAndImaginaryState inner_state
TraceState trace
WrappedScheduleState count
ZeroNansState found_nan
ZoomLinesearchState count params updates stepsize_guess stepsize value grad slope value_init\
    slope_init decrease_error curvature_error error interval_found done failed low value_low\
    slope_low high value_high slope_high cubic_ref value_cubic_ref safe_stepsize safe_value\
    safe_grad
LSTMState hidden cell
"""

FIELDS: dict[str, tuple[str, ...]] = {
    row.split()[0]: tuple(row.split()[1:]) for row in _ROWS.splitlines()
}
