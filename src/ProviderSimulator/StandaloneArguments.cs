namespace Pipeline.ProviderSimulator;

/// <summary>The command line of the simulator as a program of its own.</summary>
internal static class StandaloneArguments
{
    public const string DefaultUrls = "http://127.0.0.1:5099";

    public const string Usage = $$"""
        Speaks the OpenAI and Anthropic protocols with a scripted model. No key, no cost, no network.

          --rules FILE      rule file of the scripted model (see samples/payment-disputes/README.md)
          --urls URLS       where to listen, default {{DefaultUrls}}
          --rpm N           requests a minute for each organisation, default unlimited
          --tpm N           tokens a minute for each organisation, default unlimited
          --preset NAME     how limits count: OpenAi, Anthropic, Azure or Sliding60s
          --concurrency N   calls at one time for each organisation, default unlimited
          --latency FACTOR  multiplies the latencies of the rules; 0 = answer at once
          --help            this page

        Every other setting is configuration, section ProviderSimulator: --ProviderSimulator:Keys:my-key=my-org
        or the environment variable ProviderSimulator__Keys__my-key=my-org.

        Point the OpenAI SDK at URL/v1 and the Anthropic SDK at URL; GET URL/ledger shows what arrived,
        GET URL/ledger/report how much of each limit was used (docs/provider-simulator.md).
        PUT URL/outage {"kind":"status","status":503,"seconds":60} takes the provider down for a minute.
        Exit codes: 0 stopped on request, 1 cannot listen, 2 wrong arguments, settings or rules.
        """;

    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["--rules"] = $"{ProviderSimulatorOptions.Section}:{nameof(ProviderSimulatorOptions.RulesFile)}",
        ["--urls"] = "urls",
        ["--rpm"] = $"{ProviderSimulatorOptions.Section}:Limits:RequestsPerMinute",
        ["--tpm"] = $"{ProviderSimulatorOptions.Section}:Limits:TokensPerMinute",
        ["--preset"] = $"{ProviderSimulatorOptions.Section}:Limits:Preset",
        ["--concurrency"] = $"{ProviderSimulatorOptions.Section}:Limits:Concurrency",
        ["--latency"] = $"{ProviderSimulatorOptions.Section}:{nameof(ProviderSimulatorOptions.LatencyFactor)}",
    };

    /// <summary>Configuration from the arguments; null and an error text if one is not understood.</summary>
    public static Dictionary<string, string?>? Read(string[] args, out string? error)
    {
        var settings = new Dictionary<string, string?> { ["urls"] = DefaultUrls };
        for (int index = 0; index < args.Length; index++)
        {
            string[] parts = args[index].Split('=', 2);
            bool known = Names.TryGetValue(parts[0], out string? name);
            if (!known && parts[0].StartsWith($"--{ProviderSimulatorOptions.Section}:", StringComparison.OrdinalIgnoreCase))
            {
                (known, name) = (true, parts[0][2..]);
            }

            if (!known)
            {
                error = $"'{args[index]}' is not an argument of the simulator; --help shows them all.";
                return null;
            }

            if (parts.Length == 1 && index + 1 == args.Length)
            {
                error = $"'{args[index]}' needs a value after it.";
                return null;
            }

            settings[name!] = parts.Length == 2 ? parts[1] : args[++index];
        }

        error = null;
        return settings;
    }
}
