using Pipeline.Contracts;
using Pipeline.Fixtures;
using Pipeline.Integration.Tests.CrashPoints;

namespace Pipeline.Integration.Tests.Effects;

/// <summary>
/// A worker process dies at each point around an effect, for every kind of effect and of tool: <c>OnceOnly</c> never happens twice and is
/// reported where its outcome is not known, <c>Idempotent</c> happens twice only under the same key, and every invocation ends once.
/// </summary>
public sealed class EffectCrashTests(EffectsPipeline effects) : IClassFixture<EffectsPipeline>
{
    private static readonly TimeSpan DeathLimit = TimeSpan.FromSeconds(90);

    private const string InNormalSuite = "tool.after_effect";

    /// <summary>The points of a tool call but the one that the normal suite visits.</summary>
    public static TheoryData<string> FurtherPoints { get; } = [.. CrashPointNames.All.Where(x => x.StartsWith("tool.", StringComparison.Ordinal) && x != InNormalSuite)];

    [Fact]
    public Task A_worker_that_dies_between_effect_and_record_repeats_it_as_declared() => DieAsync(InNormalSuite);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(FurtherPoints))]
    public Task A_worker_that_dies_around_an_effect_repeats_it_as_declared(string point) => DieAsync(point);

    private async Task DieAsync(string point)
    {
        await effects.StartAsync();
        var calls = new Dictionary<EffectTool, Guid>();
        var victims = new List<ServiceProcess>();
        foreach (var tool in EffectTool.All)
        {
            victims.Add(await effects.StartWorkerAsync([tool], crashAt: point));
            calls[tool] = await effects.SubmitAsync(tool);
        }

        foreach (var victim in victims)
        {
            Assert.Equal(137, await victim.ExitCodeAsync(DeathLimit));
            await victim.DisposeAsync();
        }

        await using var worker = await effects.StartWorkerAsync(EffectTool.All);
        var later = new Dictionary<EffectTool, Guid>();
        foreach (var tool in EffectTool.All)
        {
            later[tool] = await effects.SubmitAsync(tool);
        }

        // A worker takes one call of a tool at a time and what was delivered again comes first: once the later ones ended, nothing more can happen.
        await effects.HaveEndedAsync([.. calls.Values, .. later.Values]);
        var ledger = await effects.LedgerAsync();
        foreach (var (tool, invocation) in calls)
        {
            var (runs, code) = Expected(tool.Effects, point);
            Assert.Equal((tool.Name, runs, code), (tool.Name, ledger[$"{invocation}"].Count(), await effects.OutcomeAsync(invocation)));
            AssertOneKey(tool, ledger[$"{invocation}"]);
        }

        foreach (var (tool, invocation) in later)
        {
            Assert.Equal((tool.Name, 1, null), (tool.Name, ledger[$"{invocation}"].Count(), await effects.OutcomeAsync(invocation)));
        }
    }

    /// <summary>How often the effect happens, and the failure code of its call.</summary>
    private static (int Runs, string? Code) Expected(string kind, string point) => (kind, point) switch
    {
        (_, "tool.received") => (1, null),
        ("ReadOnly" or "Idempotent", "tool.before_effect") => (1, null),
        ("OnceOnly", "tool.before_effect") => (0, FailureCode.ToolOutcomeUnknown),
        ("OnceOnly", "tool.after_effect") => (1, FailureCode.ToolOutcomeUnknown),
        ("ReadOnly", "tool.after_effect" or "tool.after_record" or "tool.after_answer") => (2, null),
        ("Idempotent", "tool.after_effect") => (2, null),
        ("Idempotent" or "OnceOnly", "tool.after_record" or "tool.after_answer") => (1, null),
        _ => throw new ArgumentOutOfRangeException(nameof(point), point, "Say here what is to come of a crash at this point."),
    };

    internal static void AssertOneKey(EffectTool tool, IEnumerable<Effect> runs)
    {
        var keys = runs.Select(x => x.Key).Distinct().ToList();
        Assert.True(keys.Count <= 1, $"{tool.Name} ran under several keys: {string.Join(", ", keys)}");
        Assert.All(keys, x => Assert.Equal(tool is { IsHttp: true, Effects: "ReadOnly" }, x is null));
    }
}
