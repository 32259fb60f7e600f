using System.Data.Common;

namespace Pipeline.Orchestrator.Persistence;

/// <summary>The database did not answer. EF Core wraps what it takes for transient, so the outermost exception's type says nothing.</summary>
internal static class DatabaseFailure
{
    public static bool Is(Exception exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            if (current is DbException)
            {
                return true;
            }
        }

        return false;
    }
}
