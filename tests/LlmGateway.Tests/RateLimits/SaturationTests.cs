using Pipeline.LlmGateway.RateLimits;
using Pipeline.ProviderSimulator.Limits;
using ChargeModel = Pipeline.LlmGateway.RateLimits.ChargeModel;
using LimitDimension = Pipeline.ProviderSimulator.Limits.LimitDimension;

namespace Pipeline.LlmGateway.Tests.RateLimits;

/// <summary>A domain under demand that never ends, against the provider simulator's own limits, on a clock that jumps: twenty minutes each.</summary>
public sealed class SaturationTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Warm = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan End = TimeSpan.FromMinutes(23);

    [Theory]
    [InlineData(LimitPreset.OpenAi, 0.99, 0, 0)]
    [InlineData(LimitPreset.OpenAi, 0.99, 0.1, 0.1)]
    [InlineData(LimitPreset.OpenAi, 0.99, -0.1, 0.2)]
    [InlineData(LimitPreset.OpenAi, 0.97, -0.25, 0.2)]
    [InlineData(LimitPreset.OpenAi, 0.97, 0.25, 0.2)]
    [InlineData(LimitPreset.Azure, 0.97, 0, 0)]
    [InlineData(LimitPreset.Sliding60s, 0.97, 0, 0)]
    public void Uses_the_token_limit_without_a_refusal(LimitPreset preset, double least, double bias, double noise)
    {
        var charges = preset == LimitPreset.Azure ? ChargeModel.PromptPlusMaxTokens : ChargeModel.LargerOfPromptAndMaxTokens;
        var run = new SimulatedProvider(
            new LimitOptions { Preset = preset, TokensPerMinute = 1_000_000, RequestsPerMinute = 6000 },
            new LimitDomainOptions { TokensPerMinute = 1_000_000, RequestsPerMinute = 6000 },
            charges,
            new Traffic { Bias = bias, Noise = noise, LimitInHeaders = preset != LimitPreset.Azure },
            seed: 7);

        run.RunUntil(End);

        Report(run, 1_000_000);
        Assert.Empty(run.Refusals);
        Assert.InRange(run.Utilisation(Warm, End, 1_000_000), least, 1.06);
    }

    [Theory]
    [InlineData(LimitPreset.OpenAi, 0.99)]
    [InlineData(LimitPreset.Anthropic, 0.99)]
    [InlineData(LimitPreset.Azure, 0.97)]
    [InlineData(LimitPreset.Sliding60s, 0.97)]
    public void Uses_the_request_limit_without_a_refusal(LimitPreset preset, double least)
    {
        var run = new SimulatedProvider(
            new LimitOptions { Preset = preset, RequestsPerMinute = 600 },
            new LimitDomainOptions { RequestsPerMinute = 600 },
            preset == LimitPreset.Anthropic ? ChargeModel.InputThenOutput : ChargeModel.LargerOfPromptAndMaxTokens,
            new Traffic { LimitInHeaders = preset != LimitPreset.Azure },
            seed: 11) { Binding = LimitDimension.Requests };

        run.RunUntil(End);

        Report(run, 600);
        Assert.Empty(run.Refusals);
        Assert.InRange(run.Utilisation(Warm, End, 600), least, 1.06);
    }

    [Theory]
    [InlineData(LimitDimension.InputTokens, 400, 0, 0)]
    [InlineData(LimitDimension.InputTokens, 400, 0.1, 0.2)]
    [InlineData(LimitDimension.OutputTokens, 350, 0, 0)]
    [InlineData(LimitDimension.OutputTokens, 600, 0, 0)]
    [InlineData(LimitDimension.OutputTokens, 1000, 0, 0)]
    public void Uses_the_limits_of_input_and_output_without_a_refusal(LimitDimension binding, int expectedOutput, double bias, double noise)
    {
        var (input, output) = binding == LimitDimension.InputTokens ? (1_000_000, 400_000) : (4_000_000, 100_000);
        var run = new SimulatedProvider(
            new LimitOptions { Preset = LimitPreset.Anthropic, InputTokensPerMinute = input, OutputTokensPerMinute = output, RequestsPerMinute = 4000 },
            new LimitDomainOptions { InputTokensPerMinute = input, OutputTokensPerMinute = output, RequestsPerMinute = 4000 },
            ChargeModel.InputThenOutput,
            new Traffic { ExpectedOutput = expectedOutput, Bias = bias, Noise = noise },
            seed: 3) { Binding = binding };

        run.RunUntil(End);

        var limit = binding == LimitDimension.InputTokens ? input : output;
        Report(run, limit);
        Assert.Empty(run.Refusals);
        Assert.InRange(run.Utilisation(Warm, End, limit), 0.99, 1.06);
    }

    [Theory]
    [InlineData(1_000_000, 400_000, true)]
    [InlineData(400_000, 1_000_000, true)]
    [InlineData(1_000_000, 400_000, false)]
    public void Learns_a_changed_limit_within_a_minute_and_three_refusals(int before, int after, bool headers)
    {
        var run = new SimulatedProvider(
            new LimitOptions { Preset = LimitPreset.OpenAi, TokensPerMinute = before },
            new LimitDomainOptions { TokensPerMinute = before },
            ChargeModel.LargerOfPromptAndMaxTokens,
            new Traffic { Headers = headers, LargestPrompt = 20_000 },
            seed: 5);
        var change = TimeSpan.FromMinutes(5);
        run.At(change, () => run.Limits.Change(new LimitOptions { Preset = LimitPreset.OpenAi, TokensPerMinute = after }, run.Clock));

        run.RunUntil(End);

        Report(run, after);
        for (var minute = 4; minute < 23; minute++)
        {
            output.WriteLine($"  minute {minute}: {run.Utilisation(TimeSpan.FromMinutes(minute), TimeSpan.FromMinutes(minute + 1), after):P1}");
        }

        // Calls that were on their way together are refused together. Without a word of the provider's each try to go faster again is a risk.
        var refusals = run.Refusals.Zip(run.Refusals.Prepend(-10), (at, before) => at - before).Count(x => x > 1);
        Assert.InRange(headers ? run.Refusals.Count : refusals, 0, headers ? 3 : 8);
        Assert.InRange(run.Utilisation(change + TimeSpan.FromMinutes(1), change + TimeSpan.FromMinutes(4), after), headers ? 0.97 : 0.5, 1.35);
        Assert.InRange(run.Utilisation(change + TimeSpan.FromMinutes(6), End, after), headers ? 0.97 : 0.5, 1.06);
    }

    private void Report(SimulatedProvider run, double limit)
    {
        output.WriteLine($"{run.Sent} sent, {run.Refusals.Count} refused (at {string.Join(", ", run.Refusals.Take(10).Select(x => $"{x:0.0}"))}), utilisation {run.Utilisation(Warm, End, limit):P2}");
        foreach (var level in run.Domain.Snapshot().Levels)
        {
            output.WriteLine($"  {level}");
        }
    }
}
