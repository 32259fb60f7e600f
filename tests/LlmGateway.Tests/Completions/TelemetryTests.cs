using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Completions;

public sealed class TelemetryTests
{
    [Fact]
    public async Task A_call_is_one_span_and_its_tokens_are_counted()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi());
        var port = new Uri(provider.Url).Port;
        var measured = new ConcurrentQueue<string>();
        using var meters = new MeterListener { InstrumentPublished = (instrument, listener) => Listen(instrument, listener) };
        meters.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Keep(instrument, value, tags));
        meters.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Keep(instrument, "some", tags));
        meters.Start();
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == CompletionMetrics.SourceName,
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        var request = gateway.Request();
        await gateway.SendAsync(request);
        await gateway.NextReceivedAsync();

        var span = Assert.Single(spans, x => x.Kind == ActivityKind.Client && request.InvocationId.ToString().Equals(x.GetTagItem("pipeline.invocation.id")));
        Assert.Equal(("chat gpt-4.1-mini", ActivityKind.Client), (span.DisplayName, span.Kind));
        Assert.Equal(("openai", 12, 3), (span.GetTagItem("gen_ai.provider.name"), span.GetTagItem("gen_ai.usage.input_tokens"), span.GetTagItem("gen_ai.usage.output_tokens")));
        Assert.Contains(measured, x => x.StartsWith("gen_ai.client.token.usage 12 ", StringComparison.Ordinal) && x.Contains("gen_ai.token.type=input"));
        Assert.Contains(measured, x => x.StartsWith("gen_ai.client.token.usage 3 ", StringComparison.Ordinal) && x.Contains("gen_ai.token.type=output"));
        Assert.Contains(measured, x => x.StartsWith("gen_ai.client.operation.duration", StringComparison.Ordinal) && x.Contains($"server.port={port}"));
        Assert.Contains(measured, x => x.StartsWith("llmgw.admission.wait", StringComparison.Ordinal));

        void Listen(Instrument instrument, MeterListener to)
        {
            if (instrument.Meter.Name == CompletionMetrics.SourceName)
            {
                to.EnableMeasurementEvents(instrument);
            }
        }

        void Keep(Instrument instrument, object value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            // Other tests measure at the same time: keep what names this test's provider, and what names no provider.
            var text = string.Join(' ', tags.ToArray().Select(x => $"{x.Key}={x.Value}"));
            if (!text.Contains("server.port") || text.Contains($"server.port={port}"))
            {
                measured.Enqueue($"{instrument.Name} {value} {text}");
            }
        }
    }
}
