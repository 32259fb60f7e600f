using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace Pipeline.ToolWorkers.Persistence;

/// <summary>
/// The database did not do what it was asked. EF Core wraps what it takes for transient (a server that starts, a connection that broke)
/// into an <see cref="InvalidOperationException"/>, so the type of the outermost exception says nothing.
/// </summary>
internal static class DatabaseFailure
{
    public static bool Is(Exception exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            if (current is DbException or DbUpdateException)
            {
                return true;
            }
        }

        return false;
    }
}
