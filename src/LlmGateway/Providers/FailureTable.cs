namespace Pipeline.LlmGateway.Providers;

/// <summary>
/// What follows from each kind of failure: for the request, for the key, for the limits of the domain and for the endpoint's circuit.
/// The only place that decides it; everybody else looks here.
/// </summary>
internal static class FailureTable
{
    private static readonly Dictionary<ModelFailureKind, FailureEffect> Rows = new()
    {
        // Too fast, by our count or by somebody else's use: the domain pauses, the request keeps its place, nothing else is to blame.
        [ModelFailureKind.Throttled] = new(RequestEffect.Hold, KeyEffect.Accepted, LimitEffect.Throttled, EndpointEffect.Healthy),
        [ModelFailureKind.SlowDown] = new(RequestEffect.Hold, KeyEffect.Accepted, LimitEffect.SlowDown, EndpointEffect.Healthy),

        // The provider is ill: our limits are as they were; what it took of them before it failed is not known, so it is taken for all.
        [ModelFailureKind.Overloaded] = new(RequestEffect.Retry, KeyEffect.Unknown, LimitEffect.Unknown, EndpointEffect.Ill),
        [ModelFailureKind.Unavailable] = new(RequestEffect.Retry, KeyEffect.Unknown, LimitEffect.Unknown, EndpointEffect.Ill),
        [ModelFailureKind.Unreachable] = new(RequestEffect.Retry, KeyEffect.Unknown, LimitEffect.NotSent, EndpointEffect.Ill),
        [ModelFailureKind.CircuitOpen] = new(RequestEffect.AnotherPool, KeyEffect.Unknown, LimitEffect.NotSent, EndpointEffect.None),

        // The key's fault: another one may do, this one never again for this request.
        [ModelFailureKind.KeyRefused] = new(RequestEffect.AnotherKey, KeyEffect.Refused, LimitEffect.Refused, EndpointEffect.Healthy),
        [ModelFailureKind.QuotaExhausted] = new(RequestEffect.AnotherKey, KeyEffect.QuotaExhausted, LimitEffect.Refused, EndpointEffect.Healthy),
        [ModelFailureKind.CredentialsExhausted] = new(RequestEffect.AnotherPool, KeyEffect.Unknown, LimitEffect.NotSent, EndpointEffect.None),

        // The request's fault: never again where it was refused.
        [ModelFailureKind.Refused] = new(RequestEffect.Fail, KeyEffect.Accepted, LimitEffect.Refused, EndpointEffect.Healthy),
        [ModelFailureKind.TooLarge] = new(RequestEffect.AnotherPool, KeyEffect.Accepted, LimitEffect.Refused, EndpointEffect.Healthy),
        [ModelFailureKind.ContextExceeded] = new(RequestEffect.LargerContext, KeyEffect.Accepted, LimitEffect.Refused, EndpointEffect.Healthy),

        // Billed, or not known to be unbilled: asking again would be paying twice.
        [ModelFailureKind.AnswerInvalid] = new(RequestEffect.Fail, KeyEffect.Accepted, LimitEffect.Billed, EndpointEffect.Healthy),
        [ModelFailureKind.DeadlineExceeded] = new(RequestEffect.Fail, KeyEffect.Unknown, LimitEffect.Unknown, EndpointEffect.None),
    };

    public static FailureEffect Of(ModelFailureKind kind) => Rows[kind];

    /// <summary>What a call's outcome says of its key.</summary>
    public static KeyEffect KeyEffectOf(ModelOutcome outcome) => outcome is ModelFailure failure ? Of(failure.Kind).Key : KeyEffect.Accepted;

    /// <summary>What a call's outcome says of its endpoint.</summary>
    public static EndpointEffect EndpointEffectOf(ModelOutcome outcome) => outcome is ModelFailure failure ? Of(failure.Kind).Endpoint : EndpointEffect.Healthy;
}
