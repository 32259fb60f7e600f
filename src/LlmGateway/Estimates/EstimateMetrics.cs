using System.Diagnostics.Metrics;
using Pipeline.LlmGateway.Completions;

namespace Pipeline.LlmGateway.Estimates;

/// <summary>How far what is reserved for a call is from what it takes: signed, 0.1 is a tenth too much.</summary>
internal sealed class EstimateMetrics
{
    // The largest part of the interest is near zero.
    private static readonly InstrumentAdvice<double> Errors = new()
    {
        HistogramBucketBoundaries = [-0.9, -0.5, -0.25, -0.1, -0.05, -0.02, -0.01, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
    };

    private readonly Histogram<double> _estimate;
    private readonly Histogram<double> _reservation;

    public EstimateMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(CompletionMetrics.SourceName);
        _estimate = meter.CreateHistogram("llmgw.estimate.error", "1", "Estimated tokens against billed ones: (estimated - billed) / billed, by direction", null, Errors);
        _reservation = meter.CreateHistogram("llmgw.reservation.error", "1", "Tokens reserved of a limit against those charged to it: (reserved - charged) / charged", null, Errors);
    }

    /// <param name="pool">The pool.</param>
    /// <param name="direction"><c>input</c> or <c>output</c>.</param>
    /// <param name="estimated">Tokens.</param>
    /// <param name="billed">Tokens; nothing is recorded where none were.</param>
    public void Estimated(string pool, string direction, double estimated, long billed)
    {
        if (billed > 0)
        {
            _estimate.Record((estimated - billed) / billed, new("llmgw.pool", pool), new KeyValuePair<string, object?>("gen_ai.token.type", direction));
        }
    }

    public void Reserved(string domain, double reserved, double charged)
    {
        if (charged > 0)
        {
            _reservation.Record((reserved - charged) / charged, new KeyValuePair<string, object?>("llmgw.domain", domain));
        }
    }
}
