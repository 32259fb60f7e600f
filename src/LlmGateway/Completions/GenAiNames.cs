using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Completions;

/// <summary>
/// The names of the OpenTelemetry GenAI conventions, in one place because they are in flux: those of v1.41, which gateways and dashboards read,
/// or the ones that replace them where <c>OTEL_SEMCONV_STABILITY_OPT_IN</c> lists <c>gen_ai_latest_experimental</c>.
/// </summary>
internal sealed class GenAiNames
{
    public const string OptIn = "OTEL_SEMCONV_STABILITY_OPT_IN";

    private const string Latest = "gen_ai_latest_experimental";

    private static readonly InstrumentAdvice<int> TokenBuckets = new()
    {
        HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
    };

    private static readonly InstrumentAdvice<double> DurationBuckets = new()
    {
        HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
    };

    private readonly Histogram<double> _duration;
    private readonly Histogram<int>? _tokens;
    private readonly (Histogram<int> Histogram, Counter<long> Counter)? _input;
    private readonly (Histogram<int> Histogram, Counter<long> Counter)? _output;
    private readonly Counter<long>? _cached;

    public GenAiNames(Meter meter, IConfiguration configuration)
    {
        IsLatest = configuration[OptIn]?.Split(',', StringSplitOptions.TrimEntries).Contains(Latest, StringComparer.Ordinal) == true;
        _duration = meter.CreateHistogram(IsLatest ? "gen_ai.client.inference.duration" : "gen_ai.client.operation.duration", "s", "Duration of one model call", null, DurationBuckets);
        if (!IsLatest)
        {
            _tokens = meter.CreateHistogram("gen_ai.client.token.usage", "{token}", "Tokens that the provider billed", null, TokenBuckets);
            return;
        }

        _input = Instruments("input_tokens", "Input tokens that the provider billed");
        _output = Instruments("output_tokens", "Output tokens that the provider billed");
        _cached = meter.CreateCounter<long>("gen_ai.client.inference.usage.cache_read.input_tokens", "{token}", "Input tokens that came from the provider's cache");

        (Histogram<int>, Counter<long>) Instruments(string what, string description) => (
            meter.CreateHistogram($"gen_ai.client.inference.operation.{what}", "{token}", description, null, TokenBuckets),
            meter.CreateCounter<long>($"gen_ai.client.inference.usage.{what}", "{token}", description));
    }

    public bool IsLatest { get; }

    /// <summary>A provider as the conventions call it.</summary>
    public static string ProviderOf(string protocol) => protocol == "azure" ? "azure.ai.openai" : protocol;

    public void Took(TimeSpan duration, in TagList tags) => _duration.Record(duration.TotalSeconds, tags);

    public void Used(ModelAnswer answer, in TagList tags)
    {
        var usage = answer.Usage;
        if (_tokens is not null)
        {
            _tokens.Record(usage.InputTokens, [.. tags, new("gen_ai.token.type", "input")]);
            _tokens.Record(usage.OutputTokens, [.. tags, new("gen_ai.token.type", "output")]);
            return;
        }

        _input?.Histogram.Record(usage.InputTokens, tags);
        _input?.Counter.Add(usage.InputTokens, tags);
        _output?.Histogram.Record(usage.OutputTokens, tags);
        _output?.Counter.Add(usage.OutputTokens, tags);
        _cached?.Add(usage.CachedInputTokens, tags);
    }
}
