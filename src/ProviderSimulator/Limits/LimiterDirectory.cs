using Microsoft.Extensions.Options;

namespace Pipeline.ProviderSimulator.Limits;

/// <summary>
/// Finds the limiter of an API key. The set of organisations is fixed by the options, so callers cannot make it grow.
/// </summary>
internal sealed class LimiterDirectory
{
    private readonly Dictionary<string, OrganisationLimiter> _byKey = new(StringComparer.Ordinal);
    private readonly OrganisationLimiter? _anyKey;

    public LimiterDirectory(IOptions<ProviderSimulatorOptions> options, TimeProvider time)
    {
        ProviderSimulatorOptions settings = options.Value;
        if (settings.Keys.Count == 0)
        {
            _anyKey = Create(ProviderSimulatorOptions.DefaultOrganisation);
            return;
        }

        var byOrganisation = new Dictionary<string, OrganisationLimiter>(StringComparer.Ordinal);
        foreach ((string key, string organisation) in settings.Keys)
        {
            if (!byOrganisation.TryGetValue(organisation, out OrganisationLimiter? limiter))
            {
                byOrganisation.Add(organisation, limiter = Create(organisation));
            }

            _byKey.Add(key, limiter);
        }

        OrganisationLimiter Create(string organisation) =>
            new(organisation, settings.Organisations.GetValueOrDefault(organisation, settings.Limits), time);
    }

    /// <summary>Null for a key that is empty or not known.</summary>
    public OrganisationLimiter? Find(string? key) =>
        string.IsNullOrWhiteSpace(key) ? null : _anyKey ?? _byKey.GetValueOrDefault(key);
}
