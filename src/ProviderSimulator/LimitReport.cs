namespace Pipeline.ProviderSimulator;

/// <summary>How much of one limit was used in a span.</summary>
public sealed record LimitReport
{
    public required LimitPeriod Limit { get; init; }

    /// <summary>The part of the span in which the limit had this value, in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>Taken from the limit in the span, by us and by others.</summary>
    public required double Charged { get; init; }

    public required double ForeignCharged { get; init; }

    /// <summary><see cref="Charged"/> as a share of what the limit gives in that time; a bucket that starts full can give more than 1.</summary>
    public required double Utilisation { get; init; }

    /// <summary>The most that was taken in any window of the limit's length, wherever it begins, and its share of the limit.</summary>
    public required double WorstWindowCharged { get; init; }

    /// <summary>Above 1: that window holds more than its share. For an exact log that is a breach; a bucket that was full, or two fixed windows, permit up to 2.</summary>
    public required double WorstWindow { get; init; }

    public required DateTimeOffset? WorstWindowEnd { get; init; }

    /// <summary>
    /// The fullest state of the limit as the provider counts (bucket, log or fixed window, each replayed from the ledger), as a share of its capacity.
    /// Above 1 = over the limit: what a call takes after its admission (output) can do that, an admission cannot.
    /// </summary>
    public required double PeakFill { get; init; }
}
