using Microsoft.Extensions.Options;
using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator;

/// <summary>Names every wrong setting at once, by its configuration path.</summary>
internal sealed class ProviderSimulatorOptionsValidator : IValidateOptions<ProviderSimulatorOptions>
{
    public ValidateOptionsResult Validate(string? name, ProviderSimulatorOptions options)
    {
        List<string> failures = [];
        Range(nameof(options.LatencyFactor), options.LatencyFactor, 0, 1000);
        Range($"{nameof(options.MaxLatency)} (in seconds)", options.MaxLatency.TotalSeconds, 0.001, 3600);
        Range(nameof(options.MaxRequestBytes), options.MaxRequestBytes, 1024, 64 * 1024 * 1024);
        Range(nameof(options.StreamChunkCharacters), options.StreamChunkCharacters, 1, 100_000);
        Range(nameof(options.LedgerCapacity), options.LedgerCapacity, 0, 1_000_000);
        Limits(nameof(options.Limits), options.Limits);
        foreach ((string organisation, LimitOptions limits) in options.Organisations)
        {
            Limits($"{nameof(options.Organisations)}:{organisation}", limits);
            if (options.Keys.Count > 0 && !options.Keys.ContainsValue(organisation))
            {
                Fail($"{nameof(options.Organisations)}:{organisation}", "has limits but no key; add a key for it under Keys, or remove it");
            }
            else if (options.Keys.Count == 0 && organisation != ProviderSimulatorOptions.DefaultOrganisation)
            {
                Fail($"{nameof(options.Organisations)}:{organisation}",
                    $"has limits, but without Keys every call belongs to '{ProviderSimulatorOptions.DefaultOrganisation}'; add a key for it under Keys");
            }
        }

        int number = 0;
        foreach ((string key, string organisation) in options.Keys)
        {
            number++;
            if (string.IsNullOrWhiteSpace(key) || string.IsNullOrWhiteSpace(organisation))
            {
                // The number, not the key: keys do not belong into logs.
                Fail(nameof(options.Keys), $"entry {number} has an empty key or organisation; write \"key\": \"organisation\"");
            }
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Limits(string path, LimitOptions limits)
        {
            Range($"{path}:{nameof(limits.RequestsPerMinute)}", limits.RequestsPerMinute, 0, int.MaxValue);
            Range($"{path}:{nameof(limits.TokensPerMinute)}", limits.TokensPerMinute, 0, int.MaxValue);
            Range($"{path}:{nameof(limits.InputTokensPerMinute)}", limits.InputTokensPerMinute, 0, int.MaxValue);
            Range($"{path}:{nameof(limits.OutputTokensPerMinute)}", limits.OutputTokensPerMinute, 0, int.MaxValue);
            Range($"{path}:{nameof(limits.Concurrency)}", limits.Concurrency, 0, 1_000_000);
            Range($"{path}:{nameof(limits.BurstSeconds)}", limits.BurstSeconds, 0.001, 86_400);
        }

        void Range(string path, double value, double min, double max)
        {
            if (!(value >= min && value <= max))
            {
                Fail(path, $"is '{value}'; set it from {min} to {max}");
            }
        }

        void Fail(string path, string text) => failures.Add($"{ProviderSimulatorOptions.Section}:{path} {text}.");
    }
}
