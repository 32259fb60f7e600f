namespace Pipeline.Benchmarks.Limiter;

/// <summary>
/// How large requests are: prompts lognormal as real ones are (a median, many small, few that are thirty times as large), and eight kinds of
/// agents, each with its own limit of output and its own usual output. The same seed draws the same requests.
/// </summary>
internal sealed class RequestSizes(int seed)
{
    /// <summary>Tokens of the median prompt.</summary>
    public const int MedianPrompt = 200;

    public const double Spread = 0.9;
    public const int LargestPrompt = 6000;

    /// <summary>Output of each kind of agent: the limit that it asks for, and what it writes.</summary>
    public static readonly IReadOnlyList<(int Limit, int Written)> Kinds = [(64, 20), (64, 40), (128, 60), (128, 80), (256, 100), (256, 160), (512, 250), (512, 400)];

#pragma warning disable CA5394 // Draws sizes; protects nothing.
    private readonly Random _random = new(seed);
    private readonly Lock _lock = new();

    public RequestSize Next()
    {
        lock (_lock)
        {
            var normal = Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
            return new RequestSize((int)Math.Clamp(MedianPrompt * Math.Exp(Spread * normal), 20, LargestPrompt), _random.Next(Kinds.Count));
        }
    }
#pragma warning restore CA5394

    /// <summary>The mean of something over many requests.</summary>
    public static double Mean(Func<RequestSize, double> of)
    {
        const int draws = 200_000;
        var sizes = new RequestSizes(seed: 1);
        var sum = 0d;
        for (var draw = 0; draw < draws; draw++)
        {
            sum += of(sizes.Next());
        }

        return sum / draws;
    }
}
