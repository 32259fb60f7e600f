using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Tests.Completions;

public sealed class GenAiNamesTests
{
    [Theory]
    [InlineData(null, "gen_ai.client.operation.duration=2 gen_ai.client.token.usage=12 gen_ai.client.token.usage=3")]
    [InlineData("http/dup", "gen_ai.client.operation.duration=2 gen_ai.client.token.usage=12 gen_ai.client.token.usage=3")]
    [InlineData(
        "http, gen_ai_latest_experimental",
        "gen_ai.client.inference.duration=2 gen_ai.client.inference.operation.input_tokens=12 gen_ai.client.inference.operation.output_tokens=3 " +
        "gen_ai.client.inference.usage.cache_read.input_tokens=4 gen_ai.client.inference.usage.input_tokens=12 gen_ai.client.inference.usage.output_tokens=3")]
    public void The_names_are_those_that_are_asked_for(string? optIn, string expected)
    {
        using var meter = new Meter("test");
        var measured = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, to) =>
            {
                if (instrument.Meter == meter)
                {
                    to.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => measured.Add($"{instrument.Name}={value}"));
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => measured.Add($"{instrument.Name}={value}"));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => measured.Add($"{instrument.Name}={value:0}"));
        listener.Start();
        using var configuration = new ConfigurationManager();
        configuration[GenAiNames.OptIn] = optIn;
        var names = new GenAiNames(meter, configuration);

        names.Took(TimeSpan.FromSeconds(2), new TagList());
        names.Used(new ModelAnswer { Usage = new() { InputTokens = 12, OutputTokens = 3, CachedInputTokens = 4 }, ChargedTokens = 11 }, new TagList());

        Assert.Equal(expected, string.Join(' ', measured.Order(StringComparer.Ordinal)));
    }
}
