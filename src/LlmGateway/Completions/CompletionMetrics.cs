using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Completions;

/// <summary>
/// Every metric and span of the gateway. Model calls carry the names of the OpenTelemetry GenAI conventions v1.41;
/// what those do not know (admission, throttling, circuits) is named <c>llmgw.*</c>.
/// </summary>
internal sealed class CompletionMetrics : IDisposable
{
    public const string SourceName = "Pipeline.LlmGateway";

    private const string Operation = "chat";

    private readonly ActivitySource _spans = new(SourceName);
    private readonly Meter _meter;
    private readonly Histogram<int> _tokens;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _admissionWait;
    private readonly Counter<long> _throttled;

    public CompletionMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(SourceName);
        _tokens = _meter.CreateHistogram("gen_ai.client.token.usage", "{token}", "Tokens that the provider billed", null, new InstrumentAdvice<int>
        {
            HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
        });
        _duration = _meter.CreateHistogram("gen_ai.client.operation.duration", "s", "Duration of one model call", null, new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
        });
        _admissionWait = _meter.CreateHistogram("llmgw.admission.wait", "s", "How long a request waited for its pool's limits", null, new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600],
        });
        _throttled = _meter.CreateCounter<long>("llmgw.upstream.throttled", "{request}", "Calls that the provider refused for rate (own) or for lack of capacity (overload)");
    }

    /// <summary>Circuit states as a gauge: 0 closed, 1 half-open, 2 open, 3 isolated.</summary>
    public void ObserveCircuits(Func<IEnumerable<(string Pool, int State)>> circuits) =>
        _meter.CreateObservableGauge(
            "llmgw.circuit.state",
            () => circuits().Select(x => new Measurement<int>(x.State, new KeyValuePair<string, object?>("llmgw.pool", x.Pool))),
            description: "State of a pool's circuit: 0 closed, 1 half-open, 2 open, 3 isolated");

    public void Admitted(string pool, TimeSpan waited) =>
        _admissionWait.Record(waited.TotalSeconds, new KeyValuePair<string, object?>("llmgw.pool", pool));

    /// <summary>The span of one attempt, from its dispatch to the answer; its parent is the delivery of the request, which ended long ago.</summary>
    public Activity? StartRequest(string pool, Guid invocationId, int turn, string? traceParent)
    {
        ActivityContext.TryParse(traceParent, null, out var parent);
        return _spans.StartActivity($"dispatch {pool}", ActivityKind.Internal, parent)
            ?.SetTag("llmgw.pool", pool).SetTag("pipeline.invocation.id", invocationId.ToString()).SetTag("pipeline.turn", turn);
    }

    /// <summary>The span of one model call; its parent is the consumption of the request.</summary>
    public Activity? StartChat(string provider, string model, string pool, string keyAlias, Uri address, RequestCompletion request)
    {
        var span = _spans.StartActivity($"{Operation} {model}", ActivityKind.Client);
        if (span is { IsAllDataRequested: true })
        {
            span.SetTag("gen_ai.operation.name", Operation)
                .SetTag("gen_ai.provider.name", provider)
                .SetTag("gen_ai.request.model", model)
                .SetTag("gen_ai.request.max_tokens", request.MaxOutputTokens)
                .SetTag("gen_ai.agent.name", request.Agent)
                .SetTag("server.address", address.Host)
                .SetTag("server.port", address.Port)
                .SetTag("llmgw.pool", pool)
                .SetTag("llmgw.key", keyAlias)
                .SetTag("pipeline.invocation.id", request.InvocationId.ToString())
                .SetTag("pipeline.tenant", request.Tenant)
                .SetTag("pipeline.turn", request.Turn);
        }

        return span;
    }

    public void ChatEnded(Activity? span, ModelOutcome outcome, string provider, string model, string pool, Uri address, TimeSpan took)
    {
        var tags = new TagList
        {
            { "gen_ai.operation.name", Operation },
            { "gen_ai.provider.name", provider },
            { "gen_ai.request.model", model },
            { "server.address", address.Host },
            { "server.port", address.Port },
        };
        if (outcome is ModelAnswer answer)
        {
            tags.Add("gen_ai.response.model", answer.Model);
            _tokens.Record(answer.Usage.InputTokens, [.. tags, new("gen_ai.token.type", "input")]);
            _tokens.Record(answer.Usage.OutputTokens, [.. tags, new("gen_ai.token.type", "output")]);
            span?.SetTag("gen_ai.response.id", answer.Id)
                .SetTag("gen_ai.response.model", answer.Model)
                .SetTag("gen_ai.response.finish_reasons", answer.FinishReason is null ? null : new[] { answer.FinishReason })
                .SetTag("gen_ai.usage.input_tokens", answer.Usage.InputTokens)
                .SetTag("gen_ai.usage.output_tokens", answer.Usage.OutputTokens)
                .SetTag("gen_ai.usage.cache_read.input_tokens", answer.Usage.CachedInputTokens);
        }
        else if (outcome is ModelFailure failure)
        {
            var error = failure.Status is >= 400 and var status ? status.ToString(System.Globalization.CultureInfo.InvariantCulture) : failure.Kind.ToString();
            tags.Add("error.type", error);
            span?.SetTag("error.type", error).SetStatus(ActivityStatusCode.Error, failure.Reason);
            CountThrottled(pool, failure.Kind);
        }

        _duration.Record(took.TotalSeconds, tags);
    }

    public void Dispose() => _spans.Dispose();

    private void CountThrottled(string pool, ModelFailureKind kind)
    {
        // Whether a 429 was ours or another user's of the same limit cannot be told from here: it counts as ours.
        var cause = kind switch
        {
            ModelFailureKind.Throttled or ModelFailureKind.SlowDown => "own",
            ModelFailureKind.Overloaded => "overload",
            _ => null,
        };
        if (cause is not null)
        {
            _throttled.Add(1, new("llmgw.pool", pool), new KeyValuePair<string, object?>("cause", cause));
        }
    }
}
