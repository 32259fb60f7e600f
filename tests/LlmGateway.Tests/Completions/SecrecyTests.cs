using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Completions;

/// <summary>Canary keys, and providers that say them back in every way there is: nothing that leaves the process, or is kept, has them.</summary>
public sealed class SecrecyTests
{
    // With characters that an address escapes and base64 does not leave in peace.
    private const string Canary = "canary+key/7f3a91=b2";

    private static readonly string[] Forms =
    [
        Canary, Uri.EscapeDataString(Canary), Convert.ToBase64String(Encoding.UTF8.GetBytes(Canary)),
        Convert.ToBase64String(Encoding.UTF8.GetBytes($"user:{Canary}")), Convert.ToBase64String(Encoding.UTF8.GetBytes($"Bearer {Canary}!")),
    ];

    [Theory]
    [InlineData("openai", "Authorization")]
    [InlineData("anthropic", "x-api-key")]
    [InlineData("azure", "api-key")]
    public async Task A_key_is_sent_in_its_header_and_appears_nowhere_else(string vendor, string header)
    {
        var told = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is CompletionMetrics.SourceName or "System.Net.Http",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = x => told.Enqueue($"{x.DisplayName} {x.StatusDescription} {string.Join(' ', x.TagObjects.Select(t => $"{t.Key}={t.Value}"))} {string.Join(' ', x.Events.Select(e => string.Join(' ', e.Tags.Select(t => $"{t.Value}"))))}"),
        };
        ActivitySource.AddActivityListener(listener);
        var said = string.Join(" or https://host/?key=", Forms);
        var quoting = $$$"""{"error":{"type":"some_error","code":"x","message":"Not with {{{said}}} (sk-proj-abc*****xyz)."}}""";
        ProviderReply[] replies =
        [
            new(400, quoting), new(404, quoting), new(413, quoting), new(200, $$$"""{"choices":[{"message":{"content":"x"}}],"content":"{{{Canary}}}","usage":{"prompt_tokens":"{{{Canary}}}"}}"""),
            new(200, Canary), new(401, quoting),
        ];
        await using var provider = await ScriptedProvider.StartAsync(replies);
        await using var gateway = await GatewayFixture.StartAsync(
            ("Pools:default:Provider", vendor), ("Pools:default:BaseUrl", provider.Url), ("Pools:default:Domain", "org"), ("Domains:org:Keys:canary:Value", Canary));

        // Of this gateway only: others of the same process come and go.
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, to) =>
            {
                if (instrument.Meter.Scope == gateway.Services.GetRequiredService<IMeterFactory>())
                {
                    to.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<int>((instrument, value, tags, _) => told.Enqueue(Text(instrument, value, tags)));
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => told.Enqueue(Text(instrument, value, tags)));
        meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => told.Enqueue(Text(instrument, value, tags)));
        meters.Start();
        for (var i = 0; i < replies.Length; i++)
        {
            await gateway.SendAsync(gateway.Request());
            told.Enqueue((await gateway.NextFailedAsync()).ToString());
            Assert.Contains(Canary, (await provider.NextCallAsync()).Headers[header]);
        }

        // The quarantined key, and everything that somebody may print or dump.
        meters.RecordObservableInstruments();
        var options = gateway.Services.GetRequiredService<IOptions<LlmOptions>>().Value;
        var ring = gateway.Services.GetRequiredService<KeyDirectory>().Of("org");
        var pool = gateway.Services.GetRequiredService<ModelPoolCatalog>().Find("default");
        told.Enqueue($"{options} {options.OpenAi} {options.Pools["default"]} {options.Domains["org"]} {options.Domains["org"].Keys["canary"]} {pool} {ring}");
        told.Enqueue(JsonSerializer.Serialize(ring.Snapshot()));
        string[] texts = [.. gateway.Logs.Lines, .. told.ToArray()];
        Assert.Contains(texts, x => x.Contains("key canary is out of use", StringComparison.Ordinal));
        Assert.Contains(texts, x => x.Contains("llmgw.key.state 2", StringComparison.Ordinal));
        foreach (var form in Forms.Append("sk-proj"))
        {
            Assert.All(texts, x => Assert.DoesNotContain(form, x, StringComparison.OrdinalIgnoreCase));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("ab")]
    [InlineData("abc")]
    public void A_key_within_a_longer_base64_text_is_taken_out_wherever_it_begins(string before)
    {
        var text = $"token {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{before}{Canary}and more"))} end";

        var redacted = KeyRedaction.Redact(text, new ApiKey("a", Canary));

        Assert.Contains("***", redacted);
        foreach (var part in redacted.Split("***").Select(x => x.Replace("token ", "").Replace(" end", "")))
        {
            Assert.DoesNotContain("canary", Decoded(part));
        }

        static string Decoded(string part) => string.Concat(Enumerable.Range(0, 4).Select(x => part.Length < x ? "" : DecodedFrom(part[x..])));

        static string DecodedFrom(string part)
        {
            var bytes = new byte[part.Length];
            return Convert.TryFromBase64String(part[..(part.Length / 4 * 4)], bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : "";
        }
    }

    private static string Text<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        $"{instrument.Name} {value} {string.Join(' ', tags.ToArray().Select(x => $"{x.Key}={x.Value}"))}";
}
