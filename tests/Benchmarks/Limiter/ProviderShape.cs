using System.Globalization;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>One way in which providers count, with a limit of tokens that binds, and one of requests that does not quite.</summary>
/// <param name="Name">On the command line.</param>
/// <param name="Provider">The protocol, as the gateway's settings name it.</param>
/// <param name="Preset">The simulator's.</param>
/// <param name="SplitsTokens">Whether input and output have limits of their own.</param>
/// <param name="Path">Where the protocol is at the simulator.</param>
internal sealed record ProviderShape(string Name, string Provider, string Preset, bool SplitsTokens, string Path)
{
    /// <summary>How far the limits that are not to bind are above the load.</summary>
    private const double Slack = 1.5;

    public static IReadOnlyList<ProviderShape> All { get; } =
    [
        new("openai", "openai", "OpenAi", SplitsTokens: false, "v1"),
        new("anthropic", "anthropic", "Anthropic", SplitsTokens: true, ""),
        new("azure", "azure", "Azure", SplitsTokens: false, "openai/v1"),
        new("sliding", "openai", "Sliding60s", SplitsTokens: false, "v1"),
    ];

    public bool IsSliding => Preset == "Sliding60s";

    public bool IsContinuous => Preset is "OpenAi" or "Anthropic";

    /// <summary>What a call takes of the limit that binds.</summary>
    public double ChargeOf(RequestSize size) => Name switch
    {
        "anthropic" => size.Prompt,
        "azure" => size.Prompt + size.MaxOutput,
        _ => Math.Max(size.Prompt, size.MaxOutput),
    };

    /// <summary>The limits at which so many calls a second are all that goes through: the same numbers for the provider and, as an operator would copy them, for the gateway.</summary>
    public Dictionary<string, string?> Limits(double callsPerSecond)
    {
        var limits = new Dictionary<string, string?> { ["RequestsPerMinute"] = Number(callsPerSecond * 60 * Slack) };
        var tokens = callsPerSecond * 60 * RequestSizes.Mean(ChargeOf);
        limits[SplitsTokens ? "InputTokensPerMinute" : "TokensPerMinute"] = Number(tokens);
        if (SplitsTokens)
        {
            limits["OutputTokensPerMinute"] = Number(callsPerSecond * 60 * Slack * RequestSizes.Kinds.Average(x => x.Written));
        }

        return limits;
    }

    public static string Number(double value) => Math.Round(value).ToString(CultureInfo.InvariantCulture);
}
