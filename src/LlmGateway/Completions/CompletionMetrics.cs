using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Completions;

/// <summary>
/// Every metric and span of the gateway. Model calls carry the names of the OpenTelemetry GenAI conventions (<see cref="GenAiNames"/>);
/// what those do not know (admission, throttling, circuits) is named <c>llmgw.*</c>.
/// </summary>
internal sealed class CompletionMetrics : IDisposable
{
    public const string SourceName = "Pipeline.LlmGateway";

    private const string Operation = "chat";

    private readonly ActivitySource _spans = new(SourceName);
    private readonly Meter _meter;
    private readonly GenAiNames _names;
    private readonly Histogram<double> _admissionWait;
    private readonly Counter<long> _throttled;

    public CompletionMetrics(IMeterFactory meters, IConfiguration configuration)
    {
        _meter = meters.Create(SourceName);
        _names = new GenAiNames(_meter, configuration);
        _admissionWait = _meter.CreateHistogram("llmgw.admission.wait", "s", "How long a request waited for its pool's limits", null, new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600],
        });
        _throttled = _meter.CreateCounter<long>("llmgw.upstream.throttled", "{request}", "Calls that the provider refused: for our rate (own), for somebody else's (external), for lack of capacity (overload)");
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

    /// <summary>A provider refused a call.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="cause"><c>own</c>: our calls explain it; <c>external</c>: they do not, somebody else uses the limit; <c>overload</c>: no capacity.</param>
    public void Throttled(string pool, string cause) => _throttled.Add(1, new("llmgw.pool", pool), new KeyValuePair<string, object?>("cause", cause));

    /// <summary>The span of one model call; its parent is the consumption of the request.</summary>
    public Activity? StartChat(string provider, string model, string pool, string keyAlias, Uri address, RequestCompletion request)
    {
        var span = _spans.StartActivity($"{Operation} {model}", ActivityKind.Client);
        if (span is { IsAllDataRequested: true })
        {
            span.SetTag("gen_ai.operation.name", Operation)
                .SetTag("gen_ai.provider.name", GenAiNames.ProviderOf(provider))
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
            { "gen_ai.provider.name", GenAiNames.ProviderOf(provider) },
            { "gen_ai.request.model", model },
            { "server.address", address.Host },
            { "server.port", address.Port },
        };
        if (outcome is ModelAnswer answer)
        {
            tags.Add("gen_ai.response.model", answer.Model);
            _names.Used(answer, tags);
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
            if (failure.Kind == ModelFailureKind.Overloaded)
            {
                Throttled(pool, "overload");
            }
        }

        _names.Took(took, tags);
    }

    public void Dispose() => _spans.Dispose();
}
