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
        Range(nameof(options.ContextTokens), options.ContextTokens, 0, int.MaxValue);
        Range(nameof(options.OutputTokensPerSecond), options.OutputTokensPerSecond, 0, 1_000_000);
        failures.AddRange(LimitRules.Problems(nameof(options.Limits), options.Limits, true).Select(Full));
        failures.AddRange(LimitRules.Problems(nameof(options.Headers), options.Headers).Select(Full));
        foreach ((string project, LimitOptions limits) in options.Projects)
        {
            failures.AddRange(LimitRules.Problems($"{nameof(options.Projects)}:{project}", limits, false).Select(Full));
            if (!options.Keys.ContainsValue(project))
            {
                Fail($"{nameof(options.Projects)}:{project}", "has limits but no key; give a key to 'organisation/project' under Keys, or remove it");
            }
        }

        int keyNumber = 0;
        foreach ((string key, LimitOptions limits) in options.KeyLimits)
        {
            keyNumber++;
            failures.AddRange(LimitRules.Problems($"{nameof(options.KeyLimits)} (entry {keyNumber})", limits, false).Select(Full));
            if (!options.Keys.ContainsKey(key))
            {
                Fail(nameof(options.KeyLimits), $"entry {keyNumber} is for a key that is not under Keys; add it there");
            }
        }

        foreach ((string organisation, ForeignTrafficOptions foreign) in options.Foreign)
        {
            failures.AddRange(LimitRules.Problems($"{nameof(options.Foreign)}:{organisation}", foreign).Select(Full));
            if (!Organisations(options).Contains(organisation))
            {
                Fail($"{nameof(options.Foreign)}:{organisation}", "is not an organisation of a key; add a key for it under Keys, or remove it");
            }
        }

        foreach ((string prefix, string modelClass) in options.ModelClasses.Where(x => string.IsNullOrWhiteSpace(x.Key) || string.IsNullOrWhiteSpace(x.Value)))
        {
            Fail(nameof(options.ModelClasses), $"maps '{prefix}' to '{modelClass}'; write \"prefix of the model\": \"class\"");
        }

        foreach ((string organisation, string modelClass) in options.Organisations.Append(new("", options.Limits)).SelectMany(x => x.Value.Classes.Keys.Select(c => (x.Key, c)))
            .Where(x => !options.ModelClasses.ContainsValue(x.c)))
        {
            Fail($"{(organisation.Length == 0 ? nameof(options.Limits) : $"{nameof(options.Organisations)}:{organisation}")}:Classes:{modelClass}", "is a class without a model; add a prefix for it under ModelClasses");
        }

        foreach ((string organisation, LimitOptions limits) in options.Organisations)
        {
            failures.AddRange(LimitRules.Problems($"{nameof(options.Organisations)}:{organisation}", limits, true).Select(Full));
            if (options.Keys.Count > 0 && !Organisations(options).Contains(organisation))
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

        void Range(string path, double value, double min, double max)
        {
            if (!(value >= min && value <= max))
            {
                Fail(path, $"is '{value}'; set it from {min} to {max}");
            }
        }

        void Fail(string path, string text) => failures.Add(Full($"{path} {text}"));

        static string Full(string problem) => $"{ProviderSimulatorOptions.Section}:{problem}.";
    }

    private static HashSet<string> Organisations(ProviderSimulatorOptions options) => options.Keys.Count == 0
        ? [ProviderSimulatorOptions.DefaultOrganisation]
        : [.. options.Keys.Values.Select(x => KeyOwner.Read("", x).Organisation)];
}
